/** Downloads the services written in Java with Maven, once, as the machine's Maven is set up to. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'

const MAVEN = ['-q', '-B']

/** Copies the jars of a pom's dependencies into the folder. */
export async function downloadJars(pom: string, folder: string): Promise<void> {
  await once(folder, temporary =>
    runCommand('mvn', [
      ...MAVEN,
      '-f',
      pom,
      'dependency:copy-dependencies',
      `-DoutputDirectory=${temporary}`,
    ]),
  )
}

/** Downloads an archive (group:name:version:tar.gz:classifier) and unpacks it into the folder. */
export async function downloadArchive(artifact: string, folder: string): Promise<void> {
  await once(folder, async temporary => {
    const [, name = '', version = '', extension = '', classifier = ''] = artifact.split(':')
    await runCommand('mvn', [
      ...MAVEN,
      'dependency:copy',
      `-Dartifact=${artifact}`,
      `-DoutputDirectory=${temporary}`,
      '-Dmdep.useBaseVersion=true',
    ])
    const archive = join(temporary, `${name}-${version}-${classifier}.${extension}`)
    await runCommand('tar', ['-xzf', archive, '-C', temporary])
    rmSync(archive)
  })
}

/** The folder appears only when it is complete, so that a download cut short begins again. */
async function once(folder: string, fill: (temporary: string) => Promise<unknown>): Promise<void> {
  if (existsSync(folder)) return
  const temporary = `${folder}.part`
  rmSync(temporary, { recursive: true, force: true })
  mkdirSync(temporary, { recursive: true })
  await fill(temporary)
  renameSync(temporary, folder)
}
