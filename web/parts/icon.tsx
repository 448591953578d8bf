/** Icons of 24 by 24, drawn as lines in the colour of the text. */
const paths = {
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4',
  light:
    'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5',
  dark: 'M20 14A8 8 0 1 1 10 4a6.5 6.5 0 0 0 10 10z',
  help: 'M9.5 9a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .9-1 1.7v.5M12 17h.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z',
  key: 'M15 9h.01M11.6 12.4A4.5 4.5 0 1 1 15 14l-1.5 1.5H11.5v2h-2v2H5v-3.5z',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  close: 'M6 6l12 12M18 6L6 18',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  send: 'M4 12l16-8-6 16-3-6z',
  left: 'M14 6l-6 6 6 6',
  book: 'M5 4h10a4 4 0 0 1 4 4v12H9a4 4 0 0 1-4-4zM9 9h6M9 13h6',
} as const

export type IconName = keyof typeof paths

/** An icon beside a text that says the same: one of the shared ones, or a path of 24 by 24. */
export function Icon(props: { name: IconName } | { path: string }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={'name' in props ? paths[props.name] : props.path} />
    </svg>
  )
}
