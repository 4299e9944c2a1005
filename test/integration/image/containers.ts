/** Containers of the image, run by podman and runc as an orchestrator would confine them: in a storage of their own. */
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Child, startChild } from '../../cli/process.ts'

/** Where neither systemd nor the default limits of podman are to be had. */
const ENGINE = ['--runtime', 'runc', '--cgroup-manager', 'cgroupfs']
export const CONFINED: readonly string[] = [
  ...['--network', 'host', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
  ...['--ulimit', 'nofile=20000:20000', '--ulimit', 'nproc=10000:10000'],
]

export interface Container extends Child {
  readonly name: string
}

export class Containers implements AsyncDisposable {
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'caudal-image-'))
  readonly #image: string
  readonly #running: Container[] = []
  #started = 0

  constructor(image: string) {
    this.#image = image
    const settings = join(this.#folder, 'storage.conf')
    const places = { driver: 'vfs', graphroot: this.#place('storage'), runroot: this.#place('run') }
    const lines = Object.entries(places).map(([name, value]) => `${name} = "${value}"`)
    writeFileSync(settings, ['[storage]', ...lines, ''].join('\n'))
    // Read by buildah and by podman.
    process.env.CONTAINERS_STORAGE_CONF = settings
  }

  /** A folder that the user of the image may write. */
  createData(): string {
    const folder = mkdtempSync(join(this.#folder, 'data-'))
    chmodSync(folder, 0o777)
    return folder
  }

  start(
    words: readonly string[],
    data: string,
    environment: Readonly<Record<string, string>> = {},
  ): Container {
    const name = `caudal-image-${process.pid}-${this.#started++}`
    const settings = Object.entries(environment).flatMap(([key, value]) => ['--env', `${key}=${value}`])
    const where = ['--name', name, '--volume', `${data}:/data`]
    const run = [...ENGINE, 'run', ...CONFINED, ...where, ...settings, this.#image, ...words]
    const container = { name, ...startChild('podman', run, inherited()) }
    this.#running.push(container)
    return container
  }

  /** What podman wrote; rejects with that when it ends with anything but 0. */
  async podman(...words: readonly string[]): Promise<string> {
    return (await promisify(execFile)('podman', [...ENGINE, ...words])).stdout.trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process: child, ended } of this.#running) {
      if (child.exitCode === null) child.kill('SIGTERM')
      await ended
    }
    // Files of containers are not this user's to remove until podman has unmounted them.
    if (this.#running.length > 0) await this.podman('rm', '--all', '--force', '--time', '5')
    delete process.env.CONTAINERS_STORAGE_CONF
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #place(name: string): string {
    const folder = join(this.#folder, name)
    mkdirSync(folder)
    return folder
  }
}

const inherited = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  )
