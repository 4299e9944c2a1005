/** Which JSON the gateway does not take, and where it says the fault is. */
import { expect, it } from 'vitest'
import { jsonFault } from '#gateway/http/json-faults.ts'

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

it.each([
  ['{"a": 1, "b": [{"c": "}"}, {"c": "\\""}], "": {"a": 2}}', undefined],
  ['{"a": 1, "\\u0061": 2}', '/a'],
  ['{"a": [0, {"b/~": 1, "x": "\\\\", "b/~": 1}]}', '/a/1/b~1~0'],
  [nested(100), undefined],
  [nested(101), '/0'.repeat(100)],
])('%s', (text, pointer) => {
  expect(jsonFault(text)?.pointer).toBe(pointer)
})
