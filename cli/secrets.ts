/** Secrets that nobody can guess: the only place that asks the machine for true randomness. */
import { randomBytes, randomUUID } from 'node:crypto'

const BYTES = 32

/** 256 random bits, as text that an address and a header can carry. */
export const newSecret = (): string => randomBytes(BYTES).toString('base64url')

/** A name that nobody else gives, of 122 random bits. */
export const newUuid = (): string => randomUUID()
