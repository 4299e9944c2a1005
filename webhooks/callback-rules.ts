/** What a gateway can say of a callback before anything is asked: its text, the secret that signs, an address in it. */
import { isIP } from 'node:net'
import type { AddressRules } from './addresses.ts'
import { type CallbackRules, urlFault } from './webhook.ts'

/** The secrets of the organisation. */
export interface Secrets {
  secretsOf(organization: string): Promise<readonly string[]>
}

/** A name is looked up when it is called, and not before. */
export const bookRules = (book: Secrets, addresses: AddressRules): CallbackRules => ({
  async faultOf(organization, url) {
    const fault = urlFault(url)
    if (fault !== undefined) return fault
    if ((await book.secretsOf(organization)).length === 0)
      return 'cannot be signed: the organisation has no secret in WEBHOOKS_FILE'
    return addressFault(new URL(url), addresses)
  },
})

function addressFault({ hostname, protocol }: URL, addresses: AddressRules): string | undefined {
  const name = hostname.replace(/^\[|\]$/g, '')
  const isAddress = isIP(name) > 0
  if (isAddress && !addresses.isPermitted(name))
    return `has an address inside, ${name}, that WEBHOOK_ALLOW does not name`
  if (protocol !== 'http:') return undefined
  const mayBePlain = isAddress ? addresses.isAllowed(name) : addresses.allowsSome
  return mayBePlain ? undefined : 'must begin with https://'
}
