import type { Module } from '../module.ts'
import './overview.css'
import { texts } from './texts.ts'

export const overview: Module = {
  pages: [
    {
      path: '/',
      title: texts.title,
      load: () => import('./overview-page.tsx'),
      menu: { icon: 'M4 19V11M10 19V5M16 19v-6M21 19H3', key: 'h' },
    },
  ],
}
