/** Where local copies of state are kept. `import { lmdbStores } from 'caudal/stores'`. */
export { lmdbStores } from './lmdb-store.ts'
export { memoryStores } from './memory-store.ts'
