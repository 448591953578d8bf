import { describe, expect, test } from 'bun:test'
import { hostOf, isPublicAddress, publicAddresses, TargetRefusedError, urlFault } from './targets.ts'

/** Addresses that lead inside, in every form in which they can be written. */
const inside = `
  127.0.0.1  127.1.2.3  0.0.0.0  0.1.2.3  10.0.0.1  172.16.0.1  172.31.255.255  192.168.1.1  169.254.169.254
  100.64.0.1  100.100.100.200  192.0.0.192  192.0.2.1  198.18.0.1  198.51.100.1  203.0.113.1  224.0.0.1  239.1.1.1
  240.0.0.1  255.255.255.255  192.88.99.1  168.63.129.16
  ::  ::1  ::7f00:1  ::ffff:127.0.0.1  ::ffff:7f00:1  ::ffff:8.8.8.8  ::ffff:0:127.0.0.1  64:ff9b::7f00:1
  64:ff9b:1::a00:1  64:ff9b::8.8.8.8  2002:7f00:1::  2002:a00:1::1  2001::1  2001:db8::1  100::1  fc00::1
  fd00:ec2::254  fe80::1  febf::1  fec0::1  ff02::1  3fff::1  5f00::1  4000::1
`

const outside = '1.1.1.1  8.8.8.8  172.32.0.1  100.128.0.1  2606:4700:4700::1111  2a00:1450:4001:81c::200e'

const listed = (table: string) => table.trim().split(/\s+/)

describe('an address of a webhook', () => {
  test.each(listed(inside))('%s is not public', address => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test.each(listed(outside))('%s is public', address => {
    expect(isPublicAddress(address)).toBe(true)
  })

  test('a text that is no address is not public', () => {
    for (const text of ['', 'localhost', '1.1.1', '127.1', '1.1.1.1.']) expect(isPublicAddress(text)).toBe(false)
  })
})

/** What URL parsers make addresses of; each leads inside. */
const disguised = [
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://127.1/',
  'http://127.0.0.1./',
  'http://①②⑦.⓪.⓪.①/',
  'http://[::ffff:169.254.169.254]/latest/meta-data',
  'http://[0:0:0:0:0:ffff:7f00:0001]/',
  'http://0/',
]

test.each(disguised)('%s is refused without asking a resolver', async url => {
  const resolver = () => Promise.reject(new Error('was asked'))
  await expect(publicAddresses(hostOf(new URL(url)), resolver)).rejects.toBeInstanceOf(TargetRefusedError)
})

describe('a name', () => {
  const leadingTo = (...addresses: string[]) => publicAddresses('shop.example', async () => addresses)

  test('leads to all of its addresses', async () => {
    expect(await leadingTo('1.1.1.1', '2606:4700::1111')).toEqual(['1.1.1.1', '2606:4700::1111'])
  })

  test.each([[['10.0.0.1']], [['1.1.1.1', '10.0.0.1']], [['1.1.1.1', '::1']], [['fe80::1%eth0']], [[]]])(
    'that leads to %p is refused',
    async addresses => {
      await expect(leadingTo(...addresses)).rejects.toBeInstanceOf(TargetRefusedError)
    },
  )
})

test.each([
  ['ftp://shop.example/', 'begin with https:// or http://'],
  ['file:///etc/passwd', 'begin with https:// or http://'],
  ['gopher://shop.example/', 'begin with https:// or http://'],
  ['javascript:alert(1)', 'begin with https:// or http://'],
  ['https://user:word@shop.example/', 'be without user and password: deliveries are signed'],
  ['https://user@shop.example/', 'be without user and password: deliveries are signed'],
  ['https://shop.example/#top', 'be without a fragment'],
  ['https://shop.example/#', 'be without a fragment'],
  ['shop.example', 'be a URL'],
  ['', 'be a URL'],
  ['https://', 'be a URL'],
  ['https://shop.example:99999/', 'be a URL'],
  [`https://shop.example/${'x'.repeat(2000)}`, 'have at most 2000 characters'],
])('the URL %p must %s', (url, fault) => {
  expect(urlFault(url)).toBe(fault)
})

test.each(['https://shop.example/hook', 'http://shop.example:8080/a?b=c', 'https://[2606:4700::1111]/'])(
  'the URL %s may be tried',
  url => {
    expect(urlFault(url)).toBeUndefined()
  },
)
