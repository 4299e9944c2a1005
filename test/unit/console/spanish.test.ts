/** What the gateway names, in the language of the reader. */
import { expect, it } from 'vitest'
import { Refusal } from '#console/api.ts'
import { pathOf } from '#console/attempts.ts'
import { podsPage } from '#console/pages/pods.ts'
import { pathView } from '#console/parts/run-path.ts'
import { refusalBox } from '#console/parts/states.ts'
import { drawn } from './drawn.ts'
import { passed, playTime, standIn } from './gateway-stand-in.ts'

playTime('es')

it('a refusal is worded by its code, and its details are those of the gateway', () => {
  const shown = drawn(refusalBox(new Refusal('too_many_streams', 'Too many look at once.', 'Wait.')))
  expect(shown).toContain('Hay demasiados mirando a la vez. Wait.')
  expect(drawn(refusalBox(new Refusal('of_tomorrow', 'Something new.')))).toContain('Something new.')
})

it('criteria of a verdict have their words, and those of others their names', () => {
  const scored = { kind: 'scored', at: '2026-01-01T00:00:00.000Z', attempt: 1, final: 5 }
  const shown = drawn(pathView(pathOf([{ ...scored, scores: { clarity: 5, wit: 5 } }])))
  expect(shown).toContain('Claridad')
  expect(shown).toContain('wit')
})

it('phases of pods and tasks have their words', async () => {
  const tasks = [{ name: 'score/0', phase: 'restoring' }]
  const stages = [{ stage: 'score', in_flight: 0, in_flight_max: 1, lag: 0, oldest_waiting_ms: 0 }]
  const figures = { in_flight: 0, lag: 0, heard_ago_ms: 0 }
  standIn(() => ({ workers: [{ pod: 'one', version: '1', phase: 'running', tasks, stages, ...figures }] }))
  const page = podsPage()
  await passed(0)
  const shown = drawn(page.view())
  expect(shown).toContain('en marcha')
  expect(shown).toContain('0 restaurando')
  expect(shown).not.toMatch(/running|restoring/)
  page.close?.()
})
