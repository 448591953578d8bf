import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { hasNoBrowser, overflowOf, type Stage, setStage, violationsOf } from './browser.ts'

setDefaultTimeout(60_000)

describe.skipIf(hasNoBrowser)('API keys, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints().filter(text => !text.includes('401'))).toEqual([]))

  test('the first comes with a warning, is shown once, and used; another is created and revoked; revoking the last opens access again', async () => {
    const page = await stage.open('/keys')
    await page.getByText('No API key is needed yet').waitFor()
    expect(await violationsOf(page)).toEqual([])
    await page.getByRole('button', { name: 'New key' }).click()
    const form = page.getByRole('dialog', { name: 'New API key' })
    await form.getByText('From now on every caller of the API needs one').waitFor()
    await form.getByRole('checkbox', { name: 'admin' }).uncheck()
    await form.getByText('Without admin, this key cannot create or revoke keys').waitFor()
    await form.getByRole('checkbox', { name: 'admin' }).check()
    await form.getByLabel('Name').fill('ada')
    expect(await violationsOf(page)).toEqual([])
    await form.getByRole('button', { name: 'Create key' }).click()
    const shown = page.getByRole('dialog', { name: 'Key ada' })
    const key = (await shown.locator('pre').textContent()) ?? ''
    expect(key).toMatch(/^sk_[\w-]{43}$/)
    expect((await fetch(`${stage.url}/api/orders`)).status).toBe(401)
    expect((await fetch(`${stage.url}/api/orders`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200)
    expect(await violationsOf(page)).toEqual([])
    await shown.getByRole('button', { name: 'Done' }).click()
    await page.locator('.key-rows').getByText('Used by this page').waitFor()
    await page.getByText('No API key is needed yet').waitFor({ state: 'detached' })
    expect(await page.content()).not.toContain(key)
    expect(await page.evaluate('JSON.stringify(localStorage) + location.href + document.cookie')).not.toContain(key)

    await page.getByRole('button', { name: 'New key' }).click()
    await form.getByLabel('Name').fill('shop')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Key shop' }).getByRole('button', { name: 'Done' }).click()
    await page.getByRole('button', { name: 'Revoke the key shop' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.locator('.key-rows .over').getByText('shop').waitFor()
    expect(await violationsOf(page)).toEqual([])

    await page.getByRole('button', { name: 'Revoke the key ada' }).click()
    await page.getByRole('dialog').getByText('It is the last key created here.').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('No API key is needed yet').waitFor()
    expect((await fetch(`${stage.url}/api/orders`)).status).toBe(200)
  })

  test('a user who does not use the first key on the page is asked for one, and finds the page unchanged', async () => {
    const page = await stage.open('/keys', { colorScheme: 'dark', width: 360 })
    await page.getByRole('button', { name: 'New key' }).click()
    await page.getByRole('dialog').getByLabel('Name').fill('x'.repeat(100))
    await page.getByRole('dialog').getByRole('button', { name: 'Create key' }).click()
    const shown = page.getByRole('dialog', { name: 'Key x' })
    const key = (await shown.locator('pre').textContent()) ?? ''
    await shown.getByRole('checkbox').uncheck()
    await shown.getByRole('button', { name: 'Done' }).click()
    const question = page.getByRole('dialog', { name: 'Enter an API key' })
    await question.getByLabel('API key').fill(key)
    await question.getByRole('button', { name: 'Continue' }).click()
    await page.locator('.key-rows').getByText('Used by this page').waitFor()
    expect(await overflowOf(page)).toBe(0)
    expect(await violationsOf(page)).toEqual([])
  })
})
