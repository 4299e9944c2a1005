/** The settings of local brokers: on loopback, and of one cluster. */
import { describe, expect, it } from 'vitest'
import { BROKERS_MAX, brokerAddresses, PORTS } from '#deploy/local/addresses.ts'
import { serverProperties } from '#deploy/local/kafka-properties.ts'

function settingsOf(node: number, brokers: number, portOffset = 0): Map<string, string> {
  const place = { folder: '/data', security: '/security', node, brokers, portOffset }
  const lines = serverProperties(place).trim().split('\n')
  return new Map(lines.map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

describe('a local broker', () => {
  it('listens on loopback alone', () => {
    const listeners = settingsOf(2, 3).get('listeners')?.split(',') ?? []
    expect(listeners.length).toBeGreaterThan(1)
    for (const each of listeners) expect(each).toMatch(/^[A-Z]+:\/\/127\.0\.0\.1:\d+$/)
    expect(listeners[0]).toContain(brokerAddresses(3)[1])
  })

  it('knows all voters of its cluster', () => {
    const voters = [1, 2, 3].map(node => settingsOf(node, 3).get('controller.quorum.voters'))
    expect(new Set(voters).size).toBe(1)
    expect(voters[0]?.split(',').length).toBe(3)
  })

  it('replicates internal topics to as many brokers as the cluster has', () => {
    const names = ['offsets.topic.replication.factor', 'transaction.state.log.replication.factor']
    for (const name of names)
      expect([settingsOf(1, 1).get(name), settingsOf(1, 3).get(name)]).toEqual(['1', '3'])
  })
})

it('the local ports are none that a system hands out by itself, and none is used twice', () => {
  const ports = Object.values(PORTS).flatMap(port =>
    Array.from({ length: BROKERS_MAX }, (_, index) => port + index),
  )
  expect(new Set(ports).size).toBe(ports.length)
  expect(Math.max(...ports)).toBeLessThan(32_768)
})
