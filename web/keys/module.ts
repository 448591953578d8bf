import type { Module } from '../module.ts'
import './keys.css'
import { texts } from './texts.ts'

export const keys: Module = {
  pages: [
    {
      path: '/keys',
      title: texts.title,
      load: () => import('./keys-page.tsx'),
      menu: { icon: 'M14.5 9.5a4 4 0 1 0-3.4 4L13 15.5h2V17.5h2V19.5h3v-3z', key: 'k' },
    },
  ],
}
