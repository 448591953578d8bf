import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createLogger } from '../src/platform/log.ts'
import { createPool, type Pool } from '../src/platform/postgres.ts'
import { hasNoBrowser, overflowOf, type Stage, sample, setStage, violationsOf } from './browser.ts'
import { seedDeadLetters } from './seed-dead-letters.ts'

setDefaultTimeout(60_000)

/** The canonical order with a total that is wrong. */
const wrongTotal = (uid: string) => ({ ...sample, order_uid: uid, payment: { ...sample.payment, amount: 1 } })
const violations = [
  {
    pointer: '/payment/amount',
    detail: 'must be goods_total − discount_total + delivery_cost + custom_fee + tax_total, 1817',
  },
]

describe.skipIf(hasNoBrowser)('dead letters, in Chromium', () => {
  let stage: Stage
  let pool: Pool
  beforeAll(async () => {
    stage = await setStage()
    pool = createPool(stage.database, { connectionsMax: 1, name: 'test', log: createLogger({ level: 'silent' }) })
  })
  afterAll(async () => {
    await pool.end()
    await stage.close()
  })
  beforeEach(async () => {
    await pool.query('truncate dead_letters, dead_letter_counts cascade')
  })
  afterEach(() => expect(stage.complaints()).toEqual([]))

  const record = (values: readonly (Buffer | string | object | null)[], given = {}) =>
    seedDeadLetters(pool, 'ORDER_INVALID', values, { detail: 'breaks rules', violations, ...given })
  const stateOf = async (id: string) =>
    (await pool.query<{ state: string }>('select state from dead_letters where id = $1', [id])).rows[0]?.state

  test('a bad order is found, corrected where it is marked, rejected while it is still wrong, and then accepted', async () => {
    const [id = ''] = await record([wrongTotal('mended')])
    const page = await stage.open('/')
    await page.getByRole('link', { name: 'Dead letters' }).click()
    await page.locator('.dead-letters tbody tr').getByText('/payment/amount').waitFor()
    await page.locator('.dead-letters a').click()
    await page.getByRole('heading', { level: 1, name: `Dead letter ${id}` }).waitFor()
    expect(await page.locator('.mark').textContent()).toBe(violations[0]?.detail ?? '')

    // The place that is wrong is selected, so that typing replaces it.
    await page.locator('.wrongs').getByRole('button', { name: '/payment/amount' }).click()
    await page.keyboard.type('1818')
    await page.getByText('Edited. It is checked when you replay it.').waitFor()
    await page.getByRole('button', { name: 'Replay edited' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Reason').fill('a slip of the sender')
    await dialog.getByRole('button', { name: 'Replay edited' }).click()
    await dialog.getByRole('alert').getByText('/payment/amount').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.attempts').getByText('Rejected again').waitFor()
    expect(await stateOf(id)).toBe('open')

    await page.locator('.wrongs').getByRole('button', { name: '/payment/amount' }).click()
    await page.keyboard.type('1817')
    await page.getByRole('button', { name: 'Replay edited' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Replay edited' }).click()
    await page.locator('.summary-line').getByText('Replayed').waitFor()
    await page.getByRole('link', { name: 'View order' }).click()
    await page.getByRole('heading', { level: 1, name: 'mended' }).waitFor()
    // The refusal on the way is noted by the browser.
    expect(stage.complaints().filter(text => !text.includes('400'))).toEqual([])
  })

  test('invalid JSON is reported while it is typed, digits are kept, and the original message can be restored', async () => {
    const digits = '12345678901234567890.00100'
    const [id = ''] = await record([
      JSON.stringify(wrongTotal('digits')).replace('"shardkey"', `"n":${digits},"shardkey"`),
    ])
    const page = await stage.open(`/dead-letters/${id}`)
    const field = page.getByLabel('Message text, editable')
    expect(await field.inputValue()).toContain(`"n": ${digits},`)
    await field.fill('{\n  "order_uid": oops\n}')
    await page.getByText('Line 2: invalid JSON').waitFor()
    await page.getByRole('button', { name: 'Restore original' }).click()
    expect(await field.inputValue()).toContain(`"n": ${digits},`)
    await page.locator('.mark').first().waitFor()
  })

  test('bytes that are not text can be viewed and discarded, with a reason', async () => {
    const [id = ''] = await record([Buffer.from([0xff, 0xfe, 0x00])])
    const page = await stage.open(`/dead-letters/${id}`)
    await page.getByText('//4A').waitFor()
    await page.getByRole('button', { name: 'Discard' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Discard' }).click()
    // Without a reason the browser does not let it go.
    expect(await stateOf(id)).toBe('open')
    await dialog.getByLabel('Reason').fill('noise')
    await dialog.getByRole('button', { name: 'Discard' }).click()
    await page.locator('.summary-line').getByText('Discarded').waitFor()
    expect(await stateOf(id)).toBe('discarded')
    await page.locator('.attempts').getByText('noise').waitFor()
  })

  test('many are replayed, and the rest is discarded, with the keyboard alone', async () => {
    const good = Array.from({ length: 60 }, (_, index) => ({ ...sample, order_uid: `many-${index}` }))
    await record([...good, wrongTotal('bad-1'), wrongTotal('bad-2')])
    await seedDeadLetters(pool, 'ORDER_CONFLICT', [{ ...sample, order_uid: 'other' }])
    const page = await stage.open('/dead-letters')
    await page.locator('.dead-letters tbody tr').nth(49).waitFor()
    expect(await page.getByRole('button', { name: 'Replay', exact: true }).isDisabled()).toBe(true)
    await page.getByRole('checkbox', { name: 'ORDER_INVALID 62' }).press('Space')
    await page.getByText('62 open match the filter').waitFor()
    await page.getByRole('button', { name: 'Replay all' }).press('Enter')
    await page.getByRole('dialog').getByLabel('Reason').press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByText('All dead letters were processed.').waitFor()
    expect(await dialog.locator('.sums-done').textContent()).toBe('replayed60rejected again2')
    await dialog.locator('.refused a').nth(1).waitFor()
    await dialog.getByRole('button', { name: 'Done' }).press('Enter')

    await page.getByText('2 open match the filter').waitFor()
    await page.locator('h1').click()
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.getByText('2 selected').waitFor()
    await page.getByRole('button', { name: 'Discard', exact: true }).press('Enter')
    await page.getByRole('dialog').getByLabel('Reason').fill('made by a test of the sender')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByText('All dead letters were processed.').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Done' }).press('Enter')
    await page.getByText('No matching dead letters').waitFor()
    await page.getByRole('radio', { name: 'Discarded 2' }).press('Space')
    await page.locator('.dead-letters').getByText('made by a test of the sender').nth(1).waitFor()
    expect(new URL(page.url()).search).toBe('?state=discarded&code=ORDER_INVALID')
    const { rows } = await pool.query(
      'select state, sum(letters)::int as n from dead_letter_counts group by 1 order by 1',
    )
    expect(rows).toEqual([
      { state: 'discarded', n: 2 },
      { state: 'open', n: 1 },
      { state: 'replayed', n: 60 },
    ])
  })

  test('new ones are announced, and shown on request', async () => {
    const page = await stage.open('/dead-letters')
    await page.getByText('No dead letters').waitFor()
    await record([wrongTotal('late')])
    await page.getByRole('button', { name: 'Show 1 new' }).click()
    await page.locator('.dead-letters tbody tr').waitFor()
  })

  test('one that arrives while the page loads is shown', async () => {
    const page = await stage.open('/')
    const held = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    await page.route('**/api/dead-letter-counts', async route => {
      asked.resolve()
      await held.promise
      await route.continue()
    })
    await page.getByRole('navigation').getByRole('link', { name: 'Dead letters' }).click()
    await asked.promise
    await record([wrongTotal('meanwhile')])
    held.resolve()
    await page.locator('.dead-letters tbody tr').waitFor()
  })

  describe('looked at', () => {
    const attack = `<img src=x onerror="document.title='broken'">`
    let id = ''
    beforeEach(async () => {
      const order = { ...wrongTotal(attack), [attack]: attack, track_number: 'x'.repeat(400) }
      const wrong = [{ pointer: `/${attack}`, detail: attack.repeat(5) }, ...violations]
      const headers: [Uint8Array, Uint8Array | null][] = [[Buffer.from(attack), Buffer.from(attack)]]
      ;[id = ''] = await record([order], { violations: wrong, key: Buffer.from(attack), headers })
      await record(['{"order_uid":"short"}'], { topic: 'another.topic' })
    })

    test.each([
      ['light', 1280],
      ['dark', 1280],
      ['light', 360],
    ] as const)(
      '%s, %i pixels wide: WCAG holds, nothing is wider than the window, scripts stay text',
      async (colorScheme, width) => {
        const page = await stage.open('/dead-letters', { colorScheme, width })
        await page.locator('.dead-letters tbody tr').nth(1).waitFor()
        expect(await violationsOf(page)).toEqual([])
        expect(await overflowOf(page)).toBe(0)
        await page.goto(`${stage.url}/dead-letters/${id}`)
        await page.locator('.mark').first().waitFor()
        await page.getByText('Headers').click()
        expect(await violationsOf(page)).toEqual([])
        expect(await overflowOf(page)).toBe(0)
        expect(await page.locator('main img').count()).toBe(0)
        expect(await page.title()).toBe(`Dead letter ${id} · Orders`)
        await page.getByRole('button', { name: 'Discard' }).click()
        await page.getByRole('dialog').waitFor()
        expect(await violationsOf(page)).toEqual([])
      },
    )
  })
})
