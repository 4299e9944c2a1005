/** A line to a service that a test cuts and restores. A cut ends all connections, and lets none through until it is over. */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

export interface CutLine {
  readonly port: number
  cut(): void
  restore(): void
  close(): Promise<void>
}

export async function openLine(target: number): Promise<CutLine> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer(near => {
    const far = connect(target, '127.0.0.1')
    for (const each of [near, far]) {
      sockets.add(each)
      each.on('close', () => sockets.delete(each))
      each.on('error', () => each.destroy())
    }
    if (isCut) near.destroy()
    near.pipe(far)
    far.pipe(near)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const end = () => {
    for (const each of sockets) each.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      isCut = true
      end()
    },
    restore: () => {
      isCut = false
    },
    close: () => {
      end()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
