import type { Module } from '../module.ts'
import { paths } from './addresses.ts'
import './events.css'
import { texts } from './texts.ts'

export const events: Module = {
  pages: [
    {
      path: paths.events,
      title: texts.title,
      load: () => import('./events-page.tsx'),
      menu: { icon: 'M3 12h4l3-8 4 16 3-8h4', key: 'e' },
    },
  ],
}
