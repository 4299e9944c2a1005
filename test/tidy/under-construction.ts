/** Rules that are not enforced yet, while the folders that break them are being written. Ends empty, then goes. */
export const UNDER_CONSTRUCTION: readonly string[] = []
