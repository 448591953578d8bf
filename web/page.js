// The page talks to the public API only. What comes from an order is put into the page as text, never as markup.

const keyName = 'orders-api-key'
const refreshMs = 3_000
const arrivalDeadlineMs = 15_000
const element = id => document.getElementById(id)

/** An element with text or children inside. */
function make(tag, content = '', className = '') {
  const made = document.createElement(tag)
  if (className !== '') made.className = className
  if (Array.isArray(content)) made.append(...content)
  else made.textContent = content
  return made
}

function say(id, text, tone = '') {
  const notice = element(id)
  notice.textContent = text
  notice.className = `notice ${tone}`
  notice.hidden = text === ''
}

/** What the API answered with instead of what was asked for. */
class Refusal extends Error {
  constructor(status, problem) {
    super([problem.title, problem.detail].filter(Boolean).join(': ') || `the service answered ${status}`)
    this.status = status
  }
}

/** Asks the API; when it wants a key, asks the person for one and repeats. */
async function ask(path, options = {}) {
  for (;;) {
    const key = sessionStorage.getItem(keyName)
    const headers = key === null ? {} : { authorization: `Bearer ${key}` }
    const response = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(arrivalDeadlineMs) })
    element('forget-key').hidden = key === null
    if (response.ok) return response.json()
    const refusal = new Refusal(response.status, await response.json().catch(() => ({})))
    if (response.status !== 401) throw refusal
    // Another question may have brought a key meanwhile.
    if (sessionStorage.getItem(keyName) === key && !(await askForKey(key === null ? '' : refusal.message)))
      throw refusal
  }
}

let asking

/** Shows the dialog, once for all who wait. Resolves to whether a key was given. */
function askForKey(complaint) {
  asking ??= new Promise(resolve => {
    const dialog = element('key-dialog')
    say('key-error', complaint, 'error')
    element('key').value = ''
    element('key-form').onsubmit = event => {
      event.preventDefault()
      sessionStorage.setItem(keyName, element('key').value.trim())
      dialog.close('given')
    }
    element('key-cancel').onclick = () => dialog.close('')
    dialog.returnValue = ''
    dialog.onclose = () => {
      asking = undefined
      resolve(dialog.returnValue === 'given')
    }
    dialog.showModal()
  })
  return asking
}

// ISO 4217's digits behind the point where they are not two. What browsers know of it is about habits, and differs.
const digitsByCurrency = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map(code => [code, 0]),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map(code => [code, 3]),
  ...'CLF UYW'.split(' ').map(code => [code, 4]),
])

/** An amount of the currency's minor unit in the form of the reader's language. */
function money(amount, currency) {
  const digits = digitsByCurrency.get(currency) ?? 2
  const text = String(amount).padStart(digits + 1, '0')
  // As text, since the largest amounts have more digits than a number that is not whole can hold.
  const decimal = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`
  const format = { style: 'currency', currency, minimumFractionDigits: digits, maximumFractionDigits: digits }
  return new Intl.NumberFormat(undefined, format).format(decimal)
}

function time(text) {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(text))
}

let chosen = ''
let shown = ''
let refreshes = 0

async function refresh() {
  refreshes += 1
  const own = refreshes
  try {
    const orders = await ask('/api/orders?limit=20')
    // An answer that was overtaken by a newer question would take away what that one has brought.
    if (own !== refreshes) return
    say('latest-state', orders.length === 0 ? 'No orders yet. Send a test order to see one arrive.' : '')
    const json = JSON.stringify([chosen, orders])
    // Only a change is drawn, so that neither the focus nor a selection is lost every few seconds.
    if (json !== shown) element('latest').replaceChildren(...orders.map(row))
    shown = json
  } catch (error) {
    say('latest-state', `The orders cannot be read. ${error.message}`, 'error')
  }
}

function row(order) {
  const button = make('button', [
    make('span', order.order_uid, 'uid'),
    make('span', money(order.payment.amount, order.payment.currency), 'amount'),
    make('span', time(order.date_created), 'faint'),
    make('span', order.status.replaceAll('_', ' '), 'faint amount'),
  ])
  button.type = 'button'
  button.setAttribute('aria-current', String(order.order_uid === chosen))
  button.addEventListener('click', () => lookUp(order.order_uid))
  return make('li', [button])
}

async function lookUp(uid) {
  chosen = uid
  element('uid').value = uid
  element('order').hidden = true
  say('order-state', 'Loading …')
  try {
    const order = await ask(`/api/orders/${encodeURIComponent(uid)}`)
    if (chosen !== uid) return
    element('order').replaceChildren(...describe(order))
    element('order').hidden = false
    say('order-state', '')
  } catch (error) {
    if (chosen === uid) say('order-state', error.status === 404 ? `There is no order ${uid}.` : error.message, 'error')
  }
  await refresh()
}

function list(pairs) {
  return make(
    'dl',
    pairs.flatMap(([name, value]) => [make('dt', name), make('dd', String(value))]),
  )
}

function describe(order) {
  const { delivery, payment, items } = order
  const sum = amount => money(amount, payment.currency)
  const lines = items.map(item =>
    make('tr', [
      make('td', [make('div', item.name), make('div', [item.brand, item.size].filter(Boolean).join(', '), 'faint')]),
      make('td', item.sale === 0 ? '' : `−${item.sale} %`),
      make('td', sum(item.total_price), 'amount'),
    ]),
  )
  const json = make('details', [make('summary', 'As JSON'), make('pre', JSON.stringify(order, null, 2))])
  return [
    list([
      ['order_uid', order.order_uid],
      ['Status', [order.status, order.payment_status, order.delivery_status].join(', ').replaceAll('_', ' ')],
      ['Made', time(order.date_created)],
      ['Tracking', order.track_number],
      ['Customer', order.customer_id],
    ]),
    make('h3', 'Items'),
    make('table', [
      make('thead', [make('tr', [make('th', 'Item'), make('th', 'Sale'), make('th', 'Price', 'amount')])]),
      make('tbody', lines),
    ]),
    make('h3', 'Payment'),
    list([
      ['Goods', sum(payment.goods_total)],
      ['Delivery', sum(payment.delivery_cost)],
      ['Customs', sum(payment.custom_fee)],
      ['In all', sum(payment.amount)],
      ['Provider', [payment.provider, payment.bank].filter(Boolean).join(', ')],
    ]),
    make('h3', 'Delivery'),
    list([
      ['To', delivery.name],
      ['Address', [delivery.address, `${delivery.zip} ${delivery.city}`, delivery.region].join(', ')],
      ['Phone', delivery.phone],
      ['Email', delivery.email],
      ['Carrier', order.delivery_service],
    ]),
    json,
  ]
}

async function sendTestOrder() {
  const button = element('send')
  button.disabled = true
  say('sent', 'Sending …')
  try {
    const beganMs = performance.now()
    const { order_uid: uid, sent_by: way } = await ask('/api/orders/test', { method: 'POST' })
    say('sent', `Sent by ${way === 'kafka' ? 'Kafka' : 'HTTP'}, waiting for it to arrive …`)
    await arrival(uid, beganMs)
    const tookMs = Math.round(performance.now() - beganMs)
    await lookUp(uid)
    say('sent', `It has arrived, ${tookMs} ms after it was sent.`, 'good')
  } catch (error) {
    say('sent', error.message, 'error')
  }
  button.disabled = false
}

async function arrival(uid, beganMs) {
  while ((await ask(`/api/orders?q=${encodeURIComponent(uid)}`)).length === 0) {
    if (performance.now() - beganMs > arrivalDeadlineMs)
      throw new Error(`The order ${uid} was sent and is not there yet.`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

async function keepRefreshing() {
  for (;;) {
    if (!document.hidden) await refresh()
    await new Promise(resolve => setTimeout(resolve, refreshMs))
  }
}

element('send').addEventListener('click', sendTestOrder)
element('forget-key').addEventListener('click', () => {
  sessionStorage.removeItem(keyName)
  location.reload()
})
element('lookup').addEventListener('submit', event => {
  event.preventDefault()
  lookUp(element('uid').value.trim())
})
keepRefreshing()
