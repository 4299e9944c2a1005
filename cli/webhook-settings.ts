/** The rows of the table of settings that concern webhooks. */
import { isNetwork } from '#webhooks/addresses.ts'
import { type Base, Fault, type Row, text } from './setting-rows.ts'

/** Addresses, and networks of them. */
const networks = (environment: string, base: Base<readonly string[]>): Row<readonly string[]> => ({
  environment,
  type: 'list',
  ...base,
  parse: given => {
    const list = given.split(',').map(each => each.trim())
    return list.every(isNetwork)
      ? list
      : new Fault('must be addresses or networks, such as 10.0.0.0/8 or ::1, with commas between')
  },
})

export const WEBHOOK_SETTINGS = {
  webhooksFile: text('WEBHOOKS_FILE', {
    default: '',
    description:
      'File of webhooks: of each organisation its secrets and its endpoints; it is read again when it changes. Empty: nobody is called.',
  }),
  webhookAllow: networks('WEBHOOK_ALLOW', {
    default: [],
    defaultText: 'empty',
    description:
      'Inner addresses that endpoints of webhooks may have, such as 10.1.2.3 or 10.0.0.0/8, more of them after commas. Loopback, private and link-local addresses are refused otherwise, and so is http.',
  }),
}
