/** Whose data a store is asked for. A type of its own, so that no query can leave it out or mistake it for another text. */

declare const kind: unique symbol

/** The name of an organisation; empty for what belongs to none. */
export type Organization = string & { readonly [kind]: 'organization' }

/** The organisation of a name that is trusted: from a key or from a record. Without a name it is that of nobody. */
export function organizationOf(name: string | undefined): Organization {
  return (name ?? '') as Organization // The only place that makes one.
}
