import type { Module } from '../module.ts'
import './system.css'
import { texts } from './texts.ts'

export const system: Module = {
  pages: [
    {
      path: '/system',
      title: texts.title,
      load: () => import('./system-page.tsx'),
      menu: { icon: 'M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01', key: 's' },
    },
  ],
}
