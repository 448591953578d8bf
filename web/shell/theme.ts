import { computed, effect, signal } from '@preact/signals'

/** Light and dark: what the system says, unless the person has chosen. The choice is kept; it says nothing of anybody. */

export const choices = ['system', 'light', 'dark'] as const
export type Choice = (typeof choices)[number]

const storageName = 'orders-theme'
const systemDark = matchMedia('(prefers-color-scheme: dark)')
const isSystemDark = signal(systemDark.matches)
systemDark.addEventListener('change', () => {
  isSystemDark.value = systemDark.matches
})

export const choice = signal<Choice>(storedChoice())

/** The colours that are shown. */
export const theme = computed<'light' | 'dark'>(() =>
  choice.value === 'system' ? (isSystemDark.value ? 'dark' : 'light') : choice.value,
)

effect(() => {
  document.documentElement.dataset.theme = theme.value
})

/** Goes on to the other colours; back at those of the system, follows the system again. */
export function switchTheme(): void {
  const other = theme.peek() === 'dark' ? 'light' : 'dark'
  const isOfSystem = (other === 'dark') === isSystemDark.peek()
  choice.value = isOfSystem ? 'system' : other
  if (isOfSystem) localStorage.removeItem(storageName)
  else localStorage.setItem(storageName, other)
}

function storedChoice(): Choice {
  const stored = localStorage.getItem(storageName)
  return choices.find(known => known === stored) ?? 'system'
}
