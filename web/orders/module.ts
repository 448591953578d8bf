import type { Module } from '../module.ts'
import { paths } from './addresses.ts'
import './orders.css'
import { texts } from './texts.ts'

export const orders: Module = {
  pages: [
    {
      path: paths.orders,
      title: texts.title,
      load: () => import('./orders-page.tsx'),
      menu: { icon: 'M4 6h2l2.4 9h8.2L20 8H7M10 20h.01M16 20h.01', key: 'o' },
    },
    { path: paths.order, title: texts.order.title, load: () => import('./order-page.tsx'), parent: paths.orders },
  ],
  search: { ...texts.search, find: async text => (await import('./search.ts')).findOrders(text) },
}
