import './shared.css'
import { render } from 'preact'
import { base } from '../platform/address.ts'
import { OrderModel } from './order-model.ts'
import { TrackPage } from './track-page.tsx'

const place = document.getElementById('track')
if (place === null) throw new Error('the document has no place for the page')

// The service is one folder above the page, whose own address ends with the token.
const token = location.pathname.slice(base.length + 1)
const model = new OrderModel(`${base.slice(0, base.lastIndexOf('/'))}/api/track/orders/${token}`)
render(<TrackPage model={model} />, place)
void model.run()
