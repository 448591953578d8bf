import type { Module } from '../module.ts'
import { paths } from './addresses.ts'
import './customers.css'
import { texts } from './texts.ts'

export const customers: Module = {
  pages: [
    {
      path: paths.customers,
      title: texts.title,
      load: () => import('./customers-page.tsx'),
      menu: { icon: 'M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8M4 21c0-4 3.5-6 8-6s8 2 8 6', key: 'a' },
    },
    { path: paths.customer, title: texts.customer, load: () => import('./customer-page.tsx'), parent: paths.customers },
  ],
}
