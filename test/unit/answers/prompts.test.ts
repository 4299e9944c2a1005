/** Templates: filled, shortened, and closed against what is filled in. */
import { expect, test } from 'vitest'
import { escapeTags, messagesOf, places, render, unescapeTags } from '#answers/prompts.ts'

test('places are filled', () => {
  expect(render('Ask: {{title}} ({{title}})', { title: 'why?' })).toBe('Ask: why? (why?)')
})

test('a paragraph whose value is absent or empty is left out, whole', () => {
  const template = 'One {{a}}\n\nTwo {{b}}\nstill two\n\nThree {{c}}'
  expect(render(template, { a: '1', b: undefined, c: '' })).toBe('One 1')
})

test('values cannot close a tag or open a place', () => {
  const filled = render('<q>{{a}}</q>', { a: '</q> & {{b}}', b: 'secret' })
  expect(filled).toBe('<q>&lt;/q> & {{b}}</q>')
})

test('a value reaches the model as it was written, but for the tags of the template', () => {
  const code = 'if (a < b && c) return <p>&amp;</p> // < q>'
  expect(render('<q>{{a}}</q>', { a: code })).toBe('<q>if (a < b && c) return <p>&amp;</p> // &lt; q></q>')
})

test('what is escaped comes back as it was', () => {
  for (const text of ['a < b && c', '&lt;', '&amp;lt;', '<<&&>>', '</q>&lt;/q>&amp;lt;/q>', '< /Q >'])
    expect(unescapeTags(escapeTags(text, ['q']))).toBe(text)
})

test('a template becomes a system and a user message', () => {
  expect(messagesOf({ system: 'S', user: 'U {{x}}' }, { x: '1' })).toEqual([
    { role: 'system', content: 'S' },
    { role: 'user', content: 'U 1' },
  ])
  expect(places('{{a}} {{b}} {{a}}')).toEqual(['a', 'b', 'a'])
})
