/** A provider before a server that answers as a test says, over real HTTP. */

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect } from 'vitest'
import { answerTo } from '#answers/simulated/answers.ts'
import { ModelError, type ModelRequest } from '#models/model.ts'
import { type OpenAiOptions, openAi } from '#models/openai.ts'
import type { Profile } from '#models/simulated/profile.ts'
import { startModelServer } from '#models/simulated/server.ts'

export const releases: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const release of releases.splice(0)) await release()
})

export async function simulated(profile: Partial<Profile> = {}, options: Partial<OpenAiOptions> = {}) {
  const server = await startModelServer({ answerTo, seed: 1, profile })
  const model = openAi({ baseUrl: server.url, model: 'simulated', ...options })
  releases.push(
    () => model.close(),
    () => server.close(),
  )
  return { server, model }
}

/** A provider before a server that answers everything in one way. */
export async function answering(
  answer: (response: ServerResponse, body: string) => void,
  options: Partial<OpenAiOptions> = {},
) {
  const seen: { path: string; headers: Record<string, unknown>; body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      seen.push({ path: request.url ?? '', headers: request.headers, body })
      answer(response, body)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const model = openAi({ baseUrl: `http://127.0.0.1:${port}/v1`, model: 'default', ...options })
  releases.push(
    () => model.close(),
    () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return { model, seen, baseUrl: `http://127.0.0.1:${port}/v1` }
}

export const REQUEST: ModelRequest = {
  messages: [
    { role: 'user', content: '<question>What is two and two?</question>\n\n<reference>Four</reference>' },
  ],
  hints: { attempt: 5 },
}
export const call = (requestId = 'r1', signal = new AbortController().signal) => ({ requestId, signal })

export async function failureOf(promise: Promise<unknown>): Promise<ModelError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ModelError)
  return error as ModelError
}

export const json = (status: number, value: unknown, headers: Record<string, string> = {}) => {
  return (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof value === 'string' ? value : JSON.stringify(value))
  }
}
export const completion = (choice: object, more: object = {}, type = 'application/json') =>
  json(200, { choices: [choice], ...more }, { 'content-type': type })
