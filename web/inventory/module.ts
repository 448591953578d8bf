import type { Module } from '../module.ts'
import { paths } from './addresses.ts'
import './inventory.css'
import { stockWords } from './stock-words.ts'
import { texts } from './texts.ts'

export const inventory: Module = {
  pages: [
    {
      path: paths.items,
      title: texts.title,
      load: () => import('./items-page.tsx'),
      menu: { icon: 'M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8', key: 't' },
    },
    { path: paths.item, title: texts.item, load: () => import('./item-page.tsx'), parent: paths.items },
    {
      path: paths.low,
      title: texts.low.title,
      load: () => import('./low-page.tsx'),
      menu: { icon: 'M4 5l6 6 4-4 6 8M20 10v5h-5', key: 'n' },
    },
    {
      path: paths.shortfalls,
      title: texts.shortfalls.title,
      load: () => import('./shortfalls-page.tsx'),
      menu: { icon: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16M12 8v4l3 2', key: 'f' },
    },
  ],
  wordsOf: stockWords,
}
