/** Answers that refuse a request as a whole, and say nothing of its partitions. */
import { expect, it } from 'vitest'
import { refusedIn } from '#engine/log/kafka/add-partitions-request.ts'
import { codeOf } from '#engine/log/kafka/codes.ts'
import { fetchRequest } from '#engine/log/kafka/fetch-request.ts'
import { writeFetched } from '#testing/simulation/driver/record-requests.ts'

it('a fetch that is refused as a whole fails, so that its readers rest before they ask again', async () => {
  const { response } = fetchRequest([], { waitMs: 0, bytesMax: 1, partitionBytesMax: 1 })
  const refused = response.decode(writeFetched([], -1))
  expect(await refused.catch(codeOf)).toBe(-1)
  expect(await response.decode(writeFetched([]))).toEqual([])
})

it('partitions of which none was attempted are not taken for added', () => {
  expect(() => refusedIn([{ topic: 'out', partition: 0, code: 55 }])).toThrow('code 55')
  expect(refusedIn([{ topic: 'out', partition: 0, code: 0 }])).toEqual([])
})
