/**
 * Files that put together the folders inside their own, which import that folder in turn. They are the only such imports.
 * The list only shrinks: a folder inside another takes what both need from a third one, or as an argument.
 */

export interface Opener {
  readonly path: string
  /** The folders inside its own. */
  readonly into: readonly string[]
  readonly because: string
}

export const OPENERS_MAX = 4

export const OPENERS: readonly Opener[] = [
  {
    path: 'cli/command-table.ts',
    into: ['cli/commands'],
    because: 'it loads the command that is asked for, and the commands share what stands beside it',
  },
  {
    path: 'console/main.ts',
    into: ['console/pages', 'console/parts'],
    because: 'the browser begins with it: it shows the page that the address names',
  },
  {
    path: 'testing/index.ts',
    into: ['testing/kit'],
    because: 'programs import the kit by it, and the kit runs on the virtual time beside it',
  },
  {
    path: 'topology/validate.ts',
    into: ['topology/checks'],
    because: 'it runs all checks, and each check reads the graph that is described beside it',
  },
]
