import type { Module } from '../module.ts'
import { paths } from './addresses.ts'
import { returnWords } from './return-words.ts'
import './returns.css'
import { texts } from './texts.ts'

export const returns: Module = {
  pages: [
    {
      path: paths.returns,
      title: texts.title,
      load: () => import('./returns-page.tsx'),
      menu: { icon: 'M9 7L4 12l5 5M4 12h11a5 5 0 0 1 5 5v2', key: 'y' },
    },
    { path: paths.return, title: texts.return, load: () => import('./return-page.tsx'), parent: paths.returns },
  ],
  search: { ...texts.search, find: async text => (await import('./search.ts')).findReturn(text) },
  orderCards: [{ name: 'returns', load: () => import('./order-card.tsx') }],
  wordsOf: returnWords,
}
