import type { Module } from '../module.ts'
import { paths } from './addresses.ts'
import { issueTexts } from './issue-texts.ts'
import { paymentWords } from './payment-words.ts'
import './payments.css'
import { texts } from './texts.ts'

export const payments: Module = {
  pages: [
    {
      path: paths.payments,
      title: texts.title,
      load: () => import('./payments-page.tsx'),
      menu: { icon: 'M3 6h18v12H3zM3 10h18M7 15h4', key: 'p' },
    },
    { path: paths.payment, title: texts.payment, load: () => import('./payment-page.tsx'), parent: paths.payments },
    {
      path: paths.issues,
      title: issueTexts.title,
      load: () => import('./issues-page.tsx'),
      menu: { icon: 'M12 4l9 16H3zM12 10v4M12 17h.01', key: 'i' },
    },
  ],
  search: { ...texts.search, find: async text => (await import('./search.ts')).findPayment(text) },
  orderCards: [{ name: 'payments', load: () => import('./order-card.tsx') }],
  wordsOf: paymentWords,
}
