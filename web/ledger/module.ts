import type { Module } from '../module.ts'
import { paths } from './addresses.ts'
import './ledger.css'
import { texts } from './texts.ts'

export const ledger: Module = {
  pages: [
    {
      path: paths.ledger,
      title: texts.title,
      load: () => import('./accounts-page.tsx'),
      menu: { icon: 'M4 5h16M12 5v15M7 9h2M15 9h2M7 13h2M15 13h2', key: 'l' },
    },
    { path: paths.books, title: texts.books.title, load: () => import('./books-page.tsx'), parent: paths.ledger },
  ],
  orderCards: [{ name: 'books', load: () => import('./order-card.tsx') }],
}
