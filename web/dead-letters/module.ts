import type { Module } from '../module.ts'
import { paths } from './addresses.ts'
import './dead-letters.css'
import { texts } from './texts.ts'

export const deadLetters: Module = {
  pages: [
    {
      path: paths.deadLetters,
      title: texts.title,
      load: () => import('./dead-letters-page.tsx'),
      menu: { icon: 'M4 6h16v12H4zM4 7l8 6 8-6', key: 'd' },
    },
    {
      path: paths.deadLetter,
      title: texts.title,
      load: () => import('./dead-letter-page.tsx'),
      parent: paths.deadLetters,
    },
  ],
  keys: texts.keys,
}
