/** Light or dark: as the machine says, until the reader says otherwise. */
import { signal } from '@preact/signals-core'

export type Theme = 'light' | 'dark'

const KEY = 'caudal.theme'
const machine = window.matchMedia('(prefers-color-scheme: dark)')

const kept = (): Theme | undefined => {
  const found = localStorage.getItem(KEY)
  return found === 'light' || found === 'dark' ? found : undefined
}

export const theme = signal<Theme>(kept() ?? (machine.matches ? 'dark' : 'light'))

machine.addEventListener('change', () => {
  if (kept() === undefined) theme.value = machine.matches ? 'dark' : 'light'
})

export function turnTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark'
  localStorage.setItem(KEY, theme.value)
}
