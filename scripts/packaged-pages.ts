/** Pages as a package carries them: what they link must be in the package too. */
import { posix } from 'node:path'

const FENCED = /(^```[\s\S]*?^```)/m
const LINK = /\[([^\]]+)\]\(([^)\s#]+)(#[^)]*)?\)/g

/** Links to files of the project that the package lacks become their labels; addresses and anchors stay. */
export function pageOf(path: string, text: string, packaged: ReadonlySet<string>): string {
  const withoutDeadLinks = (prose: string) =>
    prose.replaceAll(LINK, (link: string, label: string, target: string) =>
      /^[a-z]+:/.test(target) || packaged.has(posix.join(posix.dirname(path), target)) ? link : label,
    )
  // Every second part is a block of code.
  return text
    .split(FENCED)
    .map((part, index) => (index % 2 === 0 ? withoutDeadLinks(part) : part))
    .join('')
}
