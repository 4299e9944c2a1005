/** What a terminal gets to see: tables, the block that is redrawn, examples, log lines, the ledger behind the figures. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { jsonLogger } from '#cli/logger.ts'
import { entered, PurchaseLedger } from '#cli/purchases.ts'
import { Examples } from '#cli/terminal/examples-table.ts'
import { LiveView, progressLine } from '#cli/terminal/live-view.ts'
import { table } from '#cli/terminal/text-table.ts'
import { cut } from '#core/cut.ts'
import { realSystem } from '#core/system.ts'
import { delivered } from './outcomes.ts'
import { MemoryScreen } from './surroundings.ts'

const FULL_LEDGER = fileURLToPath(new URL('full-ledger.ts', import.meta.url))

describe('a table', () => {
  it('aligns its columns and cuts texts that are too long', () => {
    const columns = [
      { title: 'name', widthMax: 6 },
      { title: 'n', align: 'right' },
    ] as const
    expect(
      table(columns, [
        ['short', '1'],
        ['much too long', '1,000'],
      ]),
    ).toEqual(['name       n', 'short      1', 'much…  1,000'])
  })

  it('puts a text on one line', () => {
    expect(cut('two\n lines')).toBe('two lines')
    expect(cut('12345', 5)).toBe('12345')
    expect(cut('123456', 5)).toBe('1234…')
  })
})

describe('the live view', () => {
  it('removes its block before it draws the next one, and keeps notes above the block', () => {
    const screen = new MemoryScreen(true)
    const view = new LiveView(screen)
    view.draw(['a', 'b'])
    view.note('a warning')
    view.draw(['c'])
    view.settle()
    view.note('the end')
    expect(screen.text).toBe('a\nb\n\x1b[2A\x1b[Ja warning\nc\nthe end\n')
  })

  it('cuts each line to the width of the terminal', () => {
    const screen = new MemoryScreen(true)
    new LiveView(screen).draw(['x'.repeat(500)])
    expect(screen.text.trimEnd().length).toBe(109)
  })

  it('removes all lines of a block that a narrower terminal has folded', () => {
    const screen = new MemoryScreen(true)
    const view = new LiveView(screen)
    view.draw(['x'.repeat(100), ''])
    Object.assign(screen, { columns: 40 })
    view.clear()
    expect(screen.text.endsWith('\n\x1b[4A\x1b[J')).toBe(true)
  })

  it('clears its block once', () => {
    const screen = new MemoryScreen(true)
    const view = new LiveView(screen)
    view.draw(['a'])
    view.clear()
    view.clear()
    expect(screen.text).toBe('a\n\x1b[1A\x1b[J')
  })
})

describe('a line of progress', () => {
  it('shows share, rate and remaining time where the total is known', () => {
    expect(progressLine('events', 500, 2_000, 1_000)).toBe('events: 500 of 2,000 (25 %), 500/s, 3 s left')
    expect(progressLine('events', 500, undefined, 2_000)).toBe('events: 500, 250/s')
    expect(progressLine('events', 0, undefined, 0)).toBe('events: 0, 0/s')
  })
})

describe('the table of examples', () => {
  it('has one answer of each kind, and marks answers below the threshold', () => {
    const examples = new Examples()
    examples.add(delivered({ id: '1' }))
    examples.add(delivered({ id: '2', title: 'a second one of the same kind' }))
    examples.add(delivered({ id: '3', title: 'took three', attempts: 3, final: 5, below_threshold: true }))
    examples.add(delivered({ id: '4', task_type: 'sentiment', title: 'of another type' }))
    const lines = examples.lines(100)
    expect(lines.length).toBe(5)
    expect(lines.join('\n')).not.toContain('a second one')
    expect(lines[2]).toMatch(/took three.* 5\.0\* +3$/)
    expect(lines.at(-1)).toBe('* below the threshold: the best of its attempts')
  })

  it('is empty where nothing was delivered', () => {
    expect(new Examples().lines(80)).toEqual([])
  })
})

describe('the log of a pod', () => {
  it('writes JSON from the chosen level upwards, and errors as their messages', () => {
    const lines: string[] = []
    const system = { ...realSystem, now: () => 0 }
    const levels = { level: 'info', parts: [] } as const
    const logger = jsonLogger({ write: line => lines.push(line), levels, system })
    logger.debug('too fine')
    logger.info('one', { error: new TypeError('odd') })
    logger.error('two')
    expect(lines.map(line => JSON.parse(line))).toEqual([
      { time: '1970-01-01T00:00:00.000Z', level: 'info', message: 'one', error: 'odd' },
      { time: '1970-01-01T00:00:00.000Z', level: 'error', message: 'two' },
    ])
  })
})

describe('the ledger of purchases', () => {
  it('knows the purchases of an earlier process', () => {
    const folder = mkdtempSync(join(tmpdir(), 'caudal-ledger-'))
    const path = join(folder, 'below', 'purchases')
    const first = new PurchaseLedger(path)
    first.bought('a')
    first.bought('b')
    first.close()
    const second = new PurchaseLedger(path)
    expect(second.twice).toBe(0)
    second.bought('b')
    second.bought('c')
    expect(second.twice).toBe(1)
    second.close()
    expect(readFileSync(path, 'utf8')).toBe('a\nb\nb\nc\n')
    rmSync(folder, { recursive: true })
  })

  it('holds at most twice the purchases that it remembers, and keeps its count of double purchases', () => {
    const folder = mkdtempSync(join(tmpdir(), 'caudal-ledger-'))
    const path = join(folder, 'purchases')
    const open = () => new PurchaseLedger(path, undefined, 1_000)
    const ledger = open()
    ledger.bought('first')
    ledger.bought('first')
    for (let index = 0; index < 5_000; index++) ledger.bought(`bought-${index}`)
    expect(statSync(path).size).toBeLessThan(2_200)
    ledger.close()
    const next = open()
    expect(next.twice).toBe(1)
    next.bought('bought-4999')
    expect(next.twice).toBe(2)
    next.close()
    rmSync(folder, { recursive: true })
  })

  it('reads only the end of a large file, and takes garbage for no purchase', () => {
    const folder = mkdtempSync(join(tmpdir(), 'caudal-ledger-'))
    const path = join(folder, 'purchases')
    writeFileSync(
      path,
      Buffer.concat([Buffer.alloc(100_000, 'x\n'), Buffer.from('\u00ff\u0000\n\u00ff\u0000\nlast\n')]),
    )
    const ledger = new PurchaseLedger(path, undefined, 5)
    expect(ledger.twice).toBe(0)
    ledger.bought('last')
    expect(ledger.twice).toBe(1)
    ledger.close()
    rmSync(folder, { recursive: true })
  })

  it('keeps purchases while the disk is full, reports this once, and writes them when there is room', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'caudal-ledger-'))
    const path = join(folder, 'purchases')
    const limited = ['-c', 'ulimit -S -f 1 && exec "$0" "$@"', process.execPath]
    const { stdout } = await promisify(execFile)('sh', [...limited, FULL_LEDGER, path, '200'])
    expect(JSON.parse(stdout)).toEqual({ toldWhenFull: 1, told: 1, twice: 0 })
    const ids = [...Array.from({ length: 200 }, (_, index) => `${index}`), 'last']
    expect(readFileSync(path, 'utf8')).toBe(ids.map(id => `purchase-${id}\n`).join(''))
    rmSync(folder, { recursive: true })
  })

  it('notes a purchase when a model answers, and none for a call that fails', async () => {
    const ledger = new PurchaseLedger()
    const reply = {
      text: '',
      usage: { promptTokens: 0, completionTokens: 0 },
      model: 'm',
      latencyMs: 0,
      finish: 'stop',
    } as const
    let fails = false
    const model = entered(
      { complete: () => (fails ? Promise.reject(new TypeError('no')) : Promise.resolve(reply)) },
      id => ledger.bought(id),
    )
    const call = { signal: new AbortController().signal, requestId: 'r1' }
    await model.complete({ messages: [] }, call)
    fails = true
    await expect(model.complete({ messages: [] }, call)).rejects.toThrow('no')
    expect(ledger.twice).toBe(0)
    fails = false
    await model.complete({ messages: [] }, call)
    expect(ledger.twice).toBe(1)
  })
})
