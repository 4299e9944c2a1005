/** The secured listener of the local Kafka: a certificate of its own, and one user. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { KAFKA_USER } from './addresses.ts'
import { runCommand } from './run-command.ts'

export const KEY_STORE = 'key-store.p12'
export const CERTIFICATE = 'certificate.pem'
export const KEY_STORE_PASSWORD = 'local-only'

/** Makes a key and writes its self-signed certificate beside it, once; `keytool` comes with Java. */
export async function createCertificate(folder: string): Promise<void> {
  if (existsSync(join(folder, CERTIFICATE))) return
  mkdirSync(folder, { recursive: true })
  const store = ['-alias', 'caudal', '-keystore', join(folder, KEY_STORE), '-storepass', KEY_STORE_PASSWORD]
  const subject = ['-dname', 'CN=localhost', '-ext', 'SAN=IP:127.0.0.1,DNS:localhost', '-validity', '3650']
  if (!existsSync(join(folder, KEY_STORE))) {
    await runCommand('keytool', [
      '-genkeypair',
      '-keyalg',
      'EC',
      '-storetype',
      'PKCS12',
      ...store,
      ...subject,
    ])
  }
  await runCommand('keytool', ['-exportcert', '-rfc', ...store, '-file', join(folder, CERTIFICATE)])
}

/** Arguments that give the user its SCRAM secrets when the storage is formatted. */
export function scramCredentials(): readonly string[] {
  const { username, password } = KAFKA_USER
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap(mechanism => [
    '--add-scram',
    `${mechanism}=[name=${username},password=${password}]`,
  ])
}
