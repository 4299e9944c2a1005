/** Recorded questions tried with other settings: nothing is delivered, the ceiling holds, and each organisation tries its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { auditIn } from '#admin/audit.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { newUuid } from '#cli/secrets.ts'
import { realSystem, type System } from '#core/system.ts'

import { SCOPES } from '#gateway/keys.ts'
import type { Model } from '#models/model.ts'
import { SILENT_MS, Trials } from '#pipelines/trials.ts'
import { LmdbCache } from '#stores/lmdb/cache.ts'
import { organizationOf } from '#stores/organization.ts'
import { SqliteAnswers } from '#stores/sqlite/answers.ts'
import { answer } from '../../conformance/answer-store.ts'
import { scripted } from '../operators/values.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { asked, type Opened, openGateway, post, serverOf } from './open-gateway.ts'

const NOBODY = organizationOf(undefined)
const ACME = organizationOf('acme')
const hash = (n: number) => n.toString(16).padStart(64, '0')
const model = scripted({ text: 'A fuse cuts the current.' })
/** Calls wait for it, or are broken off. */
let gate: PromiseWithResolvers<void> | undefined
const gated: Model = {
  async complete(request, call) {
    const { promise: isAborted, resolve } = Promise.withResolvers<void>()
    call.signal.addEventListener('abort', () => resolve(), { once: true })
    if (gate) await Promise.race([gate.promise, isAborted])
    call.signal.throwIfAborted()
    return model.complete(request, call)
  },
}

let folder: string
let store: SqliteAnswers
let cache: LmdbCache
let opened: Opened
let trials: Trials
let server: ReturnType<typeof serverOf>
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-trials-'))
  store = new SqliteAnswers({ path: join(folder, 'answers.db'), system: realSystem })
  cache = new LmdbCache({ path: join(folder, 'cache'), system: realSystem })
  opened = await openGateway(scripted({ text: 'Fine.' }), { answers: store, cache })
  trials = trialsWith(realSystem)
  server = serverOf({ ...opened.gateway, trials })
  const recorded = (n: number, organization = NOBODY) =>
    answer({ id: `run-${organization}${n}`, organization, questionHash: hash(n), taskType: 'qa' })
  await store.save([...Array.from({ length: 6 }, (_, n) => recorded(n)), recorded(9, ACME)])
})
afterAll(async () => {
  await server.close()
  await trials[Symbol.asyncDispose]()
  await opened[Symbol.asyncDispose]()
  store.close()
  await cache.close()
  rmSync(folder, { recursive: true, force: true })
})

function trialsWith(system: System): Trials {
  return new Trials({
    model: gated,
    judge: 'computed',
    taskTypes: TASK_TYPES,
    defaults: { threshold: 6, attemptsMax: 3 },
    inFlightMax: 2,
    cache,
    system,
    brakes: () => opened.gateway.brakes?.inForce ?? [],
    id: newUuid,
  })
}

const order = (candidate: object, more: object = {}) =>
  post('/trials', {
    sample: { task_type: 'qa', count: 10 },
    candidate,
    ceiling_usd: 1,
    reason: 'to see',
    ...more,
  })

async function ended(id: unknown) {
  return await vi.waitFor(async () => {
    const { body } = await asked(server, { url: `/trials/${id}` })
    expect(body.state).not.toBe('running')
    return body
  })
}

describe('a trial', () => {
  it('of weights or a threshold buys no answer', async () => {
    const before = model.calls.length
    const { status, body } = await asked(server, order({ threshold: 9.9 }))
    expect([status, body.estimate_usd, body.of]).toEqual([202, 0, 6])
    expect(await ended(body.id)).toMatchObject({
      state: 'done',
      done: 6,
      spent_usd: 0,
      together: { pairs: 6, few: true },
    })
    expect(model.calls.length).toBe(before)
  })

  it('of a prompt asks each question once, delivers nothing, and is written down', async () => {
    const [before, page] = [model.calls.length, await store.page(NOBODY, { limit: 50 })]
    const { body } = await asked(server, order({ system: 'Be brief.' }))
    expect(await ended(body.id)).toMatchObject({ state: 'done', done: 6, failed: 0, together: { pairs: 6 } })
    expect(model.calls.length - before).toBe(6)
    expect(model.calls.at(-1)?.request.messages[0]?.content).toBe('Be brief.')
    expect(await store.page(NOBODY, { limit: 50 })).toEqual(page)
    expect((await auditIn(opened.log)).map(({ action }) => action)).toContain('trial_started')
  })

  it('begins no call once the ceiling is reached', async () => {
    const before = model.calls.length
    const { body } = await asked(server, order({ system: 'Be brief.' }, { ceiling_usd: 0.000001 }))
    expect(await ended(body.id)).toMatchObject({ state: 'stopped', stopped_by: 'ceiling' })
    expect(model.calls.length - before).toBeLessThanOrEqual(2)
  })

  it('of a model without a price is refused, unless the caller wants no ceiling', async () => {
    expect((await asked(server, order({ model: 'unpriced' }))).body.code).toBe('trial_unpriced')
  })

  it('runs alone, and is stopped by a person', async () => {
    gate = Promise.withResolvers()
    const { body } = await asked(server, order({ system: 'Be brief.' }))
    expect((await asked(server, order({ system: 'Be long.' }))).body.code).toBe('trial_running')
    const stopped = await asked(server, { url: `/trials/${body.id}?reason=enough`, method: 'DELETE' })
    expect(stopped.body).toEqual({ stopped: true })
    expect(await ended(body.id)).toMatchObject({ state: 'stopped', stopped_by: 'person', done: 0 })
    expect((await auditIn(opened.log)).at(-1)).toMatchObject({ action: 'trial_stopped', why: 'enough' })
    gate = undefined
  })

  it('begins no call while a brake holds', async () => {
    const before = model.calls.length
    const brake = post('/brakes/task_type%3Aqa', { reason: 'too dear' })
    await opened.ask({ ...brake, method: 'PUT' })
    const { body } = await asked(server, order({ system: 'Be brief.' }))
    expect(await ended(body.id)).toMatchObject({ state: 'stopped', stopped_by: 'brake' })
    expect(model.calls.length).toBe(before)
    await opened.ask({ ...brake, method: 'DELETE' })
  })

  it('of a gateway that is gone is shown as stopped, and is not begun again', async () => {
    gate = Promise.withResolvers()
    const { body } = await asked(server, order({ system: 'Be brief.' }))
    const later = { ...realSystem, now: () => Date.now() + SILENT_MS + 1 }
    const restarted = serverOf({ ...opened.gateway, trials: trialsWith(later) })
    const shown = await asked(restarted, { url: `/trials/${body.id}` })
    expect(shown.body).toMatchObject({ state: 'stopped', stopped_by: 'gateway_ended', done: 0 })
    await restarted.close()
    gate.resolve()
    gate = undefined
    expect(await ended(body.id)).toMatchObject({ state: 'done', done: 6 })
  })

  it('takes the organisation from the key, never from the body', async () => {
    const held = new HeldKeys()
    held.set(keyOf('caudal_mine', ACME, SCOPES))
    const theirs = serverOf({ ...opened.gateway, trials }, await ringOf(held))
    const only = { ...order({ threshold: 1 }, { estimate_only: true }) }
    const own = await asked(theirs, { ...only, headers: { ...only.headers, ...bearer('caudal_mine') } })
    expect(own.body.of).toBe(1)
    const sample = { task_type: 'qa', count: 10, organization: '' }
    const other = order({ threshold: 1 }, { sample })
    const refused = await asked(theirs, { ...other, headers: { ...other.headers, ...bearer('caudal_mine') } })
    expect(refused.body.code).toBe('task_unknown')
    await theirs.close()
  })
})
