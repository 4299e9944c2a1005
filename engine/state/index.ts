/** Where local copies of state are kept. `import { lmdbStores } from 'caudal/stores'`. */
export { type LmdbStoreOptions, lmdbStores, type StoreDiagnosis } from './lmdb-store.ts'
export { memoryStores } from './memory-store.ts'
