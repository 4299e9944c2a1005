/** What goes wrong with the local services, worded for the person who typed the command. */

export class StackError extends Error {
  override readonly name = 'StackError'
}
