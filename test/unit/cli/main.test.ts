/** The command line itself: help, faults, exit codes, and the page of the documentation that is made of the commands. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { helpOf, overview } from '#cli/command/help.ts'
import { COMMANDS } from '#cli/command-table.ts'
import { main } from '#cli/main.ts'
import { realSystem } from '#core/system.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import { surroundings } from './surroundings.ts'

async function run(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const { world, stdout, stderr } = surroundings({ environment })
  return { code: await main(words, world), stdout: stdout.text, stderr: stderr.text }
}

describe('the help', () => {
  it.each([[], ['--help'], ['-h'], ['help']])('lists every command: %j', async (...words) => {
    const { code, stdout } = await run(words)
    expect(code).toBe(EXIT.ok)
    for (const { name, summary } of COMMANDS) {
      expect(stdout).toContain(`  ${name} `)
      expect(stdout).toContain(summary)
    }
  })

  it.each(COMMANDS)('of $name shows its options and its examples', async entry => {
    const command = await entry.load()
    const { code, stdout } = await run([...command.name.split(' '), '--help'])
    expect(code).toBe(EXIT.ok)
    expect(stdout).toBe(helpOf(command))
    expect(command.examples.length).toBeGreaterThan(0)
    for (const option of Object.keys(command.options)) expect(stdout).toContain(`--${option}`)
  })

  it('of a group lists the commands of that group alone', async () => {
    const { stdout } = await run(['topics', '--help'])
    expect(stdout).toContain('topics plan')
    expect(stdout).not.toContain('produce ')
  })

  it('is printed for the word help too', async () => {
    expect((await run(['help', 'lag'])).stdout).toBe((await run(['lag', '--help'])).stdout)
    expect((await run(['dlq', 'help'])).stdout).toBe((await run(['dlq', '--help'])).stdout)
  })

  it('is not printed where help or -h is the name of a file', async () => {
    expect(await run(['produce', 'help'])).toMatchObject({
      stdout: '',
      stderr: expect.stringContaining('ENOENT'),
    })
    expect(await run(['produce', '--', '-h'])).toMatchObject({
      stdout: '',
      stderr: expect.stringContaining('ENOENT'),
    })
  })
})

describe('a command line that the command cannot parse', () => {
  it.each([
    ['an unknown command', ['strat'], 'there is no command "strat"'],
    ['an unknown command of a group', ['topics', 'drop'], 'there is no command "topics drop"'],
    ['an unknown option', ['lag', '--fast'], 'caudal lag: there is no option --fast\n'],
    ['a mistyped command', ['prodcue', 'x'], 'there is no command "prodcue"; did you mean produce?'],
    ['a mistyped command of a group', ['topics', 'aply'], 'did you mean topics apply?'],
    ['a mistyped command with --help', ['strat', '--help'], 'did you mean start?'],
    ['help with a mistyped command of a group', ['help', 'topics', 'aply'], 'did you mean topics apply?'],
    ['a mistyped group', ['topcs'], 'did you mean topics?'],
    ['a group without its command', ['dlq'], 'dlq is a group of commands:\n  caudal dlq list: '],
    ['a mistyped option', ['lag', '--jsno'], 'there is no option --jsno; did you mean --json?'],
    ['an option of one letter', ['lag', '-j'], 'there is no option -j\n'],
    ['an option of another command', ['start', '--latency', '-5'], 'there is no option --latency\n'],
    [
      'an option that is given twice',
      ['start', '--input', 'a', '--input', 'b'],
      '--input is given more than once: give it once',
    ],
    ['an option without its value', ['start', '--input'], '--input needs a value: --input FILE'],
    ['an option in place of a value', ['start', '--input', '--json'], 'write --input=--json'],
    [
      'a negative number',
      ['model-server', '--latency', '-5'],
      '--latency must be a number from 0 to 3600000, not "-5"',
    ],
    [
      'a port that is none',
      ['model-server', '--port', 'abc'],
      '--port must be a whole number from 0 to 65535, not "abc"',
    ],
    ['a number that is none', ['simulate', '--seeds', 'x'], '--seeds must be a whole number from 1'],
    ['a folder in place of a file', ['start', '--input', '/'], '/ is no file'],
    ['a missing argument', ['produce'], 'FILE is missing'],
    ['a word too many', ['lag', 'more'], '"more" is one word too many'],
    ['a file without its option', ['start', 'a.csv'], 'too many; did you mean --input a.csv?'],
    ['a value for a switch', ['lag', '--json=yes'], '--json takes no value: it was given "yes"'],
  ])('is refused: %s', async (_, words, message) => {
    const { code, stdout, stderr } = await run(words)
    expect(code).toBe(EXIT.usage)
    expect(stdout).toBe('')
    expect(stderr).toContain(message)
  })
})

describe('the exit code', () => {
  it('is 3 for wrong settings, and the error names every fault', async () => {
    const { code, stderr } = await run(['explain'], { PORT: 'x', MAX_ATTEMPTS: '0' })
    expect(code).toBe(EXIT.configuration)
    expect(stderr).toContain('PORT')
    expect(stderr).toContain('MAX_ATTEMPTS')
  })

  it('is 4 for a log in use, and the error says what to do', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'caudal-main-'))
    const log = await openEmbeddedLog({ path: join(folder, 'log'), system: realSystem })
    const { code, stderr } = await run(['lag'], { DATA_DIR: folder })
    await log.close()
    rmSync(folder, { recursive: true })
    expect(code).toBe(EXIT.unavailable)
    expect(stderr).toContain('LOG_IN_USE')
    expect(stderr).toContain('DATA_DIR')
  })

  it('is 2 for a file that does not exist', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'caudal-main-'))
    const { code, stderr } = await run(['produce', join(folder, 'none.ndjson')], { DATA_DIR: folder })
    rmSync(folder, { recursive: true })
    expect(code).toBe(EXIT.usage)
    expect(stderr).toContain('none.ndjson cannot be read')
  })

  it('caudal --version prints the version', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('docs/cli.md', () => {
  it('is made from the commands; after a change, run this test with --update', async () => {
    const commands = await Promise.all(COMMANDS.map(entry => entry.load()))
    const page = [
      '# The command line',
      '',
      'In a clone, `npm start -- OPTIONS` is `caudal start OPTIONS`. There the command runs under any Node from 20 on. A Node older',
      'than 24 starts the Node 24 that is installed with the project. In any other project the package `caudal-answers` brings the',
      'command, for Node 22.19 and later: `npx caudal` ([installing](installing.md)). Settings come from the [environment](configuration.md).',
      '',
      'The embedded log belongs to one process at a time. While `caudal start` or `caudal run` holds it, the other commands',
      'read and write it through that process. They use a socket in DATA_DIR, for the same user alone. A second',
      '`caudal start` or `caudal run` ends with exit code 4 and says so. On Kafka all work side by side.',
      '',
      '## Exit codes',
      '',
      '| code | meaning |',
      '| --- | --- |',
      `| ${EXIT.ok} | done; for a command that serves, stopped on request |`,
      `| ${EXIT.failed} | something broke that nobody foresaw; the message says what |`,
      `| ${EXIT.usage} | the command line, or a file that it names, cannot be understood |`,
      `| ${EXIT.configuration} | settings or graph have faults, or differ from what the log holds: a person must act |`,
      `| ${EXIT.unavailable} | the log is in use, full, or does not answer: try again later |`,
      `| ${EXIT.notFound} | what was asked for is not there |`,
      `| ${EXIT.blocked} | a task is blocked: a person must act before the rest of the work can be done |`,
      `| ${EXIT.someFailed} | the work is done, and some of it failed or was invalid; only with \`--fail-if-any\` |`,
      `| ${EXIT.interrupted} | stopped by a signal before the work was done |`,
      `| ${EXIT.unread} | the reader of the output has ended before all was written, as in \`caudal results \\| head\` |`,
      '',
      '## Commands',
      '',
      '```',
      overview(COMMANDS).trimEnd(),
      '```',
      ...commands.flatMap(command => [
        '',
        `### ${command.name}`,
        '',
        '```',
        helpOf(command).trimEnd(),
        '```',
      ]),
      '',
    ].join('\n')
    await expect(page).toMatchFileSnapshot('../../../docs/cli.md')
  })
})
