/** Documentation is checked like code: codes, limits, links, commands and snippets must be those of the project. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CATALOGUE } from '#core/errors.ts'
import { LIMITS, type LimitName, optionNameOf } from '#core/limits.ts'
import { ROOT, readTexts } from '../tidy/source.ts'
import { projectsIn } from './docs-project.ts'

const run = promisify(execFile)
const texts = readTexts()
const pages = [...texts].filter(([path]) => path.endsWith('.md'))
const page = (path: string): string => texts.get(path) ?? ''

describe('docs/errors.md', () => {
  const sections = new Map(
    page('docs/errors.md')
      .split(/^### /m)
      .slice(1)
      .map(section => [section.slice(0, section.indexOf('\n')).trim(), section]),
  )

  it('docs/errors.md has one section for each code, and none for codes that are gone', () => {
    expect([...sections.keys()].sort()).toEqual(Object.keys(CATALOGUE).sort())
  })

  it.each(Object.entries(CATALOGUE))(
    'docs/errors.md says of %s what happened, what the engine does and what to do',
    (code, [action]) => {
      const section = sections.get(code)
      expect(section).toMatch(/\*\*What happened:\*\* \S/)
      expect(section).toContain(`**What the engine does:** \`${action}\`: `)
      expect(section).toMatch(/\*\*What to do:\*\* \S/)
    },
  )
})

describe('docs/limits.md', () => {
  it('docs/limits.md has one row for each limit, named as a program gives it', () => {
    const rows = page('docs/limits.md').match(/^\| `.*$/gm)
    const expected = Object.entries(LIMITS).map(
      ([name, { default: value, unit, metric, description }]) =>
        `| \`${optionNameOf(name as LimitName)}\` | ${value.toLocaleString('en')} | ${unit} | \`${metric}\` | ${description} |`,
    )
    expect(rows).toEqual(expected)
  })
})

describe('links and commands', () => {
  it('relative links lead somewhere', () => {
    const dead = pages.flatMap(([path, text]) =>
      [...prose(text).matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)]
        .map(match => match[1] ?? '')
        .filter(link => !/^[a-z]+:/.test(link) && !existsSync(join(ROOT, dirname(path), link)))
        .map(link => `${path}: ${link}`),
    )
    expect(dead).toEqual([])
  })

  it('anchors inside a page are headings of the page that they lead to', () => {
    const dead = pages.flatMap(([path, text]) =>
      [...prose(text).matchAll(/\]\(([^)#\s:]*)#([^)]+)\)/g)].flatMap(([, link = '', anchor = '']) => {
        const target = link === '' ? path : join(dirname(path), link)
        return anchorsOf(page(target)).includes(anchor) ? [] : [`${path}: ${link}#${anchor}`]
      }),
    )
    expect(dead).toEqual([])
  })

  it('commands are scripts of package.json', () => {
    const scripts = Object.keys(JSON.parse(page('package.json')).scripts)
    const unknown = pages.flatMap(([path, text]) =>
      [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start)\b)/g)]
        .map(match => match[1] ?? match[2] ?? '')
        .filter(name => !scripts.includes(name))
        .map(name => `${path}: npm run ${name}`),
    )
    expect(unknown).toEqual([])
  })

  it('files named in code type exist', () => {
    const places =
      /`((?:admin|answers|core|engine|topology|operators|models|pipelines|schemas|observability|testing|test|cli|docs|examples|bench|deploy|scripts)\/[\w./-]*\w)`/g
    const missing = pages.flatMap(([path, text]) =>
      [...prose(text).matchAll(places)]
        .map(match => match[1] ?? '')
        .filter(name => !existsSync(join(ROOT, name)))
        .map(name => `${path}: ${name}`),
    )
    expect(missing).toEqual([])
  })
})

describe('snippets', () => {
  // Inside the project, so that its own imports and types resolve; ignored by git and by every other check.
  const folder = join(ROOT, '.vitest', `snippets-${process.pid}`)
  const snippets = pages.flatMap(([path, text]) => [
    ...[...text.matchAll(/^```ts( run)?\n([\s\S]*?)^```/gm)].map(([, runs, code = ''], index) => ({
      name: `${path.replace(/[^\w]+/g, '-')}-${index + 1}.ts`,
      runs: runs !== undefined,
      code,
    })),
    ...projectsIn(text).flatMap((files, index) =>
      [...files].map(([name, code]) => ({
        name: `${path.replace(/[^\w]+/g, '-')}-project-${index + 1}/${name}`,
        runs: false,
        code,
      })),
    ),
  ])

  beforeAll(() => {
    mkdirSync(folder, { recursive: true })
    for (const { name, code } of snippets) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), `export {}\n${code}`)
    }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', include: ['**/*.ts'], exclude: [] }),
    )
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('snippets pass the type checker', async () => {
    if (snippets.length === 0) return
    const output = await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder]).then(
      () => '',
      (failure: { readonly stdout: string }) => failure.stdout,
    )
    expect(output).toBe('')
  })

  it.each(snippets.filter(snippet => snippet.runs))('$name runs to its end', async ({ name }) => {
    await run(process.execPath, [join(folder, name)], { timeout: 30_000, cwd: folder })
  })
})

/** The page without its code blocks. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '')
}

function anchorsOf(text: string): string[] {
  const headings = prose(text).match(/^#+ .*$/gm) ?? []
  return headings.map(heading =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}
