import { useEffect } from 'preact/hooks'
import { Route, Router, useLocation } from 'preact-iso'
import { Icon } from '../parts/icon.tsx'
import { switchTheme, theme } from '../shell/theme.ts'
import { shopAddress } from './address.ts'
import { cart, readCart, unitsOf } from './basket.ts'
import { CallsPanel } from './calls-panel.tsx'
import { CartPage } from './cart-page.tsx'
import { CataloguePage } from './catalogue-page.tsx'
import { CheckoutPage } from './checkout-page.tsx'
import { kept } from './kept.ts'
import { OrderPage } from './order-page.tsx'
import { Nothing, Title } from './parts.tsx'
import { said } from './said.ts'
import { texts } from './texts.ts'

/** What stands around every page of the shop, and the page that the address names. */
export function ShopShell() {
  useEffect(() => {
    void readCart()
    const again = () => void readCart()
    // Another tab has changed the cart, or the browser brings back the page as it was.
    addEventListener('storage', again)
    addEventListener('pageshow', again)
    return () => {
      removeEventListener('storage', again)
      removeEventListener('pageshow', again)
    }
  }, [])
  return (
    <>
      <a class="skip" href="#main">
        {texts.skip}
      </a>
      <Head />
      <main id="main" tabIndex={-1}>
        <Router>
          <Route path={shopAddress('catalogue')} component={CataloguePage} />
          <Route path={shopAddress('cart')} component={CartPage} />
          <Route path={shopAddress('checkout')} component={CheckoutPage} />
          <Route path={shopAddress('order')} component={OrderPage} />
          <Route default component={NotFound} />
        </Router>
      </main>
      <footer>
        <CallsPanel />
      </footer>
      <p class="said" role="status">
        {said.value}
      </p>
    </>
  )
}

function Head() {
  const { path } = useLocation()
  const units = cart.value === undefined ? 0 : unitsOf(cart.value)
  const currentIf = (address: string) => (address.replace(/\/$/, '') === path ? 'page' : undefined)
  const [catalogue, basket, order] = [shopAddress('catalogue'), shopAddress('cart'), shopAddress('order')]
  return (
    <header class="head">
      <p class="note">{texts.note}</p>
      <a class="brand" href={catalogue}>
        {texts.brand}
      </a>
      <nav aria-label={texts.menu}>
        <a href={catalogue} aria-current={currentIf(catalogue)}>
          {texts.pages.catalogue}
        </a>
        {kept.value.orders.length > 0 && (
          <a href={order} aria-current={currentIf(order)}>
            {texts.pages.order}
          </a>
        )}
        <a href={basket} aria-current={currentIf(basket)}>
          {texts.pages.cart} <span class="hidden">{texts.units(units)}</span>
          <span class="units" aria-hidden="true">
            {units}
          </span>
        </a>
      </nav>
      <button type="button" class="quiet tool" aria-label={texts.theme} title={texts.theme} onClick={switchTheme}>
        <Icon name={theme.value === 'dark' ? 'light' : 'dark'} />
      </button>
    </header>
  )
}

function NotFound() {
  return (
    <>
      <Title text={texts.notFound} />
      <Nothing title={texts.notFound} />
    </>
  )
}
