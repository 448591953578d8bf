import type { Module } from '../module.ts'
import { paths } from './addresses.ts'
import { texts } from './texts.ts'
import './webhooks.css'

export const webhooks: Module = {
  pages: [
    {
      path: paths.webhooks,
      title: texts.title,
      load: () => import('./webhooks-page.tsx'),
      menu: { icon: 'M9 7a4 4 0 1 1 5 4l3 6M7 11l-3 6M8 18h8M4 18h.01M18 18h.01', key: 'w' },
    },
    { path: paths.webhook, title: texts.title, load: () => import('./webhook-page.tsx'), parent: paths.webhooks },
  ],
}
