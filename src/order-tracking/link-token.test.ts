import { expect, test } from 'bun:test'
import { createLinkTokens } from './link-token.ts'

const tokens = createLinkTokens(Buffer.alloc(32, 7))

test('a token opens the order that it was made for, in any length of its uid, and does not show it', () => {
  for (const orderUid of ['a', 'b563feb7b2b84b6test', 'x'.repeat(64), 'A-z_9']) {
    for (const revision of [0, 1, 999_999_999]) {
      const token = tokens.tokenOf({ orderUid, revision })
      expect(token).toMatch(/^[\w-]{25,120}$/)
      expect(tokens.tokenOf({ orderUid, revision })).toBe(token)
      expect(tokens.read(token)).toEqual({ orderUid, revision })
      expect(Buffer.from(token, 'base64url').toString('latin1')).not.toContain(` ${orderUid}`)
    }
  }
  const [one, other] = [0, 1].map(revision => tokens.tokenOf({ orderUid: 'a', revision }))
  expect(one?.slice(0, 8)).not.toBe(other?.slice(0, 8))
})

test('a token with any other character, cut off, longer, written otherwise or made with another secret opens nothing', () => {
  const token = tokens.tokenOf({ orderUid: 'b563feb7b2b84b6test', revision: 0 })
  for (let at = 0; at < token.length; at += 1) {
    const other = token[at] === 'A' ? 'B' : 'A'
    expect(tokens.read(token.slice(0, at) + other + token.slice(at + 1))).toBeUndefined()
    expect(tokens.read(token.slice(0, at))).toBeUndefined()
  }
  for (const wrong of [`${token}A`, `${token}=`, ` ${token}`, token.repeat(9), '', '%00', 'A'.repeat(60)])
    expect(tokens.read(wrong)).toBeUndefined()
  expect(createLinkTokens(Buffer.alloc(32, 8)).read(token)).toBeUndefined()
})
