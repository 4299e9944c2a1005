/** A small file system of its own, in memory, that can be filled and given room again. Needs the right to mount. */
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '#deploy/local/run-command.ts'

const CHUNKS_BYTES = [1_048_576, 4_096]
const FILLER = 'filler'

export class SmallDisk {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async mount(megabytes: number): Promise<SmallDisk> {
    const path = mkdtempSync(join(tmpdir(), 'caudal-small-disk-'))
    await runCommand('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', path])
    return new SmallDisk(path)
  }

  /** Not a page is left. */
  fill(): void {
    const file = openSync(join(this.path, FILLER), 'a')
    for (const size of CHUNKS_BYTES) while (wrote(file, Buffer.alloc(size)));
    closeSync(file)
  }

  giveRoom(): void {
    rmSync(join(this.path, FILLER))
  }

  async unmount(): Promise<void> {
    await runCommand('umount', ['-l', this.path])
    rmdirSync(this.path)
  }
}

function wrote(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) === bytes.length
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false
    throw error
  }
}
