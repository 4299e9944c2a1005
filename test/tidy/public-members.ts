/** The members of a public symbol that a user can meet: of an interface, of a type in braces, and of a class. */
import type { ESTree } from 'vite'
import { namesOf, type PublicSymbol } from './public-symbols.ts'

export interface PublicMember {
  readonly name: string
  readonly offset: number
}

export function publicMembers({ file, offset }: PublicSymbol): readonly PublicMember[] {
  const declared = file.program.body.find(node => node.start === offset)
  const node = declared?.type === 'ExportNamedDeclaration' ? declared.declaration : declared
  if (!node) return []
  const owner = namesOf(node)[0] ?? ''
  const named = membersOf(node).flatMap(member => {
    const name = nameOf(member)
    return name === undefined ? [] : [{ name: `${owner}.${name}`, offset: member.start }]
  })
  // The editor shows the comment of the first overload.
  return named.filter(({ name }, index) => named.findIndex(each => each.name === name) === index)
}

function membersOf(node: ESTree.Node): readonly ESTree.Node[] {
  if (node.type === 'TSInterfaceDeclaration') return node.body.body
  if (node.type === 'ClassDeclaration') return isOfPort(node) ? [] : node.body.body.filter(isPublic)
  if (node.type === 'TSTypeAliasDeclaration' && node.typeAnnotation.type === 'TSTypeLiteral')
    return node.typeAnnotation.members
  return []
}

/** The interface that the class implements describes its members. */
const isOfPort = (node: ESTree.Class): boolean =>
  node.implements?.some(({ expression }) => !('name' in expression && DISPOSABLE.test(expression.name))) ??
  false

const DISPOSABLE = /^(Async)?Disposable$/

/** A constructor is described by its class. */
const isPublic = (member: ESTree.Node): boolean =>
  !('kind' in member && member.kind === 'constructor') && !('override' in member && member.override)

/** Nothing for what has no name of its own, such as a private member or `[Symbol.asyncDispose]`. */
function nameOf(member: ESTree.Node): string | undefined {
  if (!('key' in member) || !member.key || ('computed' in member && member.computed)) return undefined
  return member.key.type === 'Identifier' ? String(member.key.name) : undefined
}
