/** One event of a stream, as its lines say it. */

export interface StreamEvent<D> {
  readonly id: string
  readonly kind: string
  readonly data: D
}

/** Nothing for a comment, or for what only says when to ask again. The data are what the schema of the route says. */
export function eventIn<D>(block: string): StreamEvent<D> | undefined {
  const fields = new Map(
    block.split('\n').map(line => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trimStart()] as const
    }),
  )
  const data = fields.get('data')
  if (data === undefined) return undefined
  return { id: fields.get('id') ?? '', kind: fields.get('event') ?? 'message', data: JSON.parse(data) }
}
