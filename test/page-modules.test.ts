import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildWeb } from '../scripts/build-web.ts'
import { hasNoBrowser, overflowOf, pageAddresses, type Stage, sample, setStage, violationsOf } from './browser.ts'

setDefaultTimeout(60_000)

const root = join(import.meta.dirname, '..')

/** A module with a list, a page for each thing in it, a search, styles, and a card on the page of an order: all that its folder holds. */
const example = {
  'module.ts': `
    import type { Module } from '../module.ts'
    import './example.css'
    import { texts } from './texts.ts'

    export const example: Module = {
      pages: [
        {
          path: '/examples',
          title: texts.title,
          load: () => import('./examples-page.tsx'),
          menu: { icon: 'M4 4h16v16H4z', key: 'x' },
        },
        {
          path: '/examples/:id',
          title: texts.title,
          load: () => import('./example-page.tsx'),
          parent: '/examples',
        },
      ],
      keys: [['y', texts.hint]],
      search: {
        ...texts.search,
        find: async text => ({ address: '/examples/' + text, isFound: text.startsWith('example-') }),
      },
      orderCards: [{ name: 'example', load: () => import('./example-card.tsx') }],
      wordsOf: ({ type }) => (type === 'order.placed' ? { title: texts.placed, facts: [[texts.title, type]] } : undefined),
    }`,
  'texts.ts': `
    export const texts = {
      title: 'Examples',
      hint: 'Do what an example does',
      placed: 'An example was placed',
      search: { label: 'Find an example', placeholder: 'Example' },
    } as const`,
  'examples-page.tsx': `
    import { PageHead } from '../shell/page.tsx'
    import { texts } from './texts.ts'

    export default function ExamplesPage() {
      return <PageHead title={texts.title} />
    }`,
  'example-page.tsx': `
    import { useRoute } from 'preact-iso'
    import { PageHead } from '../shell/page.tsx'

    export default function ExamplePage() {
      const { id = '' } = useRoute().params
      return (
        <>
          <PageHead title={id} />
          <p class="example">{id}</p>
        </>
      )
    }`,
  'example-card.tsx': `
    import type { OrderCardProps } from '../module.ts'

    export default function ExampleCard({ order }: OrderCardProps) {
      return <section class="card example">{order.customer_id}</section>
    }`,
  'example.css': '.example { color: rgb(1, 2, 3); }',
}

/** Builds the page with the example in it. Of the files that were there, only the list of modules changes, by one entry. */
async function buildWithExample(folder: string): Promise<string> {
  cpSync(join(root, 'web'), join(folder, 'web'), { recursive: true })
  for (const name of ['src', 'node_modules', 'tsconfig.json']) symlinkSync(join(root, name), join(folder, name))
  mkdirSync(join(folder, 'web', 'example'))
  for (const [name, text] of Object.entries(example)) writeFileSync(join(folder, 'web', 'example', name), text)
  const list = join(folder, 'web', 'modules.ts')
  const entered = readFileSync(list, 'utf8').replace(/\[\s*overview,/, '[overview, example,')
  writeFileSync(list, `import { example } from './example/module.ts'\n${entered}`)
  await buildWeb(join(folder, 'built'), join(folder, 'web'))
  return join(folder, 'built')
}

describe.skipIf(hasNoBrowser)('modules of the page, in Chromium', () => {
  let stage: Stage
  const folder = mkdtempSync(join(tmpdir(), 'orders-example-'))
  beforeAll(async () => {
    stage = await setStage({ STATIC_DIR: await buildWithExample(folder) })
  })
  afterAll(async () => {
    await stage.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('a new module is a folder and one entry, which adds its pages, menu entry, keys, search, styles and order card', async () => {
    const page = await stage.open('/examples/first')
    await page.getByRole('heading', { level: 1, name: 'first' }).waitFor()
    expect(await page.evaluate('getComputedStyle(document.querySelector(".example")).color')).toBe('rgb(1, 2, 3)')
    expect(await page.locator('.menu [aria-current=page]').textContent()).toBe('Examples')
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    const shortcuts = (await page.getByRole('dialog').locator('dd').allTextContents()).join('\n')
    expect(shortcuts).toContain('Do what an example does')
    expect(shortcuts).toContain('Go to Examples')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    for (const key of ['g', 'x']) await page.keyboard.press(key)
    await page.getByRole('heading', { level: 1, name: 'Examples' }).waitFor()
    await page.getByLabel('Find an example').fill('example-2')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'example-2' }).waitFor()
    await stage.place(sample)
    await page.goto(`${stage.url}/orders/${sample.order_uid}`)
    await page.locator('.card.example').getByText(sample.customer_id, { exact: true }).waitFor()
    await page.locator('.event-title').getByText('An example was placed').waitFor()
    await page.locator('.timeline dd').getByText('order.placed').waitFor()
    expect(stage.complaints()).toEqual([])
  })

  test('every page of the list opens by its address, fits a phone, and has no WCAG violations', async () => {
    const addresses = await pageAddresses()
    expect(addresses.length).toBeGreaterThan(6)
    const page = await stage.open('/', { width: 360 })
    for (const address of addresses) {
      await page.goto(stage.url + address)
      await page.locator('h1').waitFor()
      await page.locator('.skeleton').first().waitFor({ state: 'detached' })
      expect([address, await overflowOf(page), await violationsOf(page)]).toEqual([address, 0, []])
    }
    expect(stage.complaints()).toEqual([])
  })
})
