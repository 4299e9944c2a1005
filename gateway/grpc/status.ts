/** Problems as gRPC shows them: a status, words, and the code of the problem in the trailing metadata. */
import { Metadata, type StatusObject, status } from '@grpc/grpc-js'
import type { Problem, ProblemStatus } from '../problem.ts'

/** The one table: by the status that HTTP has for the problem. */
const STATUS_OF: Readonly<Record<ProblemStatus, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  405: status.UNIMPLEMENTED,
  408: status.DEADLINE_EXCEEDED,
  409: status.ABORTED,
  413: status.INVALID_ARGUMENT,
  414: status.INVALID_ARGUMENT,
  415: status.INVALID_ARGUMENT,
  422: status.FAILED_PRECONDITION,
  426: status.UNIMPLEMENTED,
  429: status.RESOURCE_EXHAUSTED,
  431: status.INVALID_ARGUMENT,
  500: status.INTERNAL,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
}

/** Clients bound the trailers that they take. */
const DETAILS_CHARACTERS_MAX = 1_000

export type Told = Readonly<Record<string, string>>

/** `told`: what the call says of itself, whatever the problem is. */
export function statusOf(problem: Problem, told: Told): StatusObject {
  const { code, title, status: httpStatus, details } = problem
  const { detail, faults = [], retryAfterS } = details
  const sentences = [title, ...(detail === undefined ? [] : [detail])]
  const text = [...sentences, ...faults.map(({ pointer, reason }) => `${pointer} ${reason}.`)].join(' ')
  return {
    code: STATUS_OF[httpStatus],
    details: detailsOf(`${code}: ${text}`),
    metadata: metadataOf({
      ...told,
      'caudal-code': code,
      ...(retryAfterS !== undefined && { 'retry-after': String(retryAfterS) }),
    }),
  }
}

/** The call ends though more might have come. */
export const endedStatus = (reason: string, told: Told): StatusObject => ({
  code: status.UNAVAILABLE,
  details: detailsOf(reason),
  metadata: metadataOf(told),
})

/** The library escapes it as a part of an address, where half a surrogate pair is an error. */
const detailsOf = (text: string): string => text.slice(0, DETAILS_CHARACTERS_MAX).toWellFormed()

export function metadataOf(told: Told): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(told)) metadata.set(name, asciiOf(value))
  return metadata
}

/** Metadata is visible ASCII: other texts are escaped as in an address. */
const asciiOf = (text: string): string =>
  /^[\x21-\x7e]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed())
