/** The public types are kept: a change of what a user can write or read shows as a change of a committed file. */
import { expect, it } from 'vitest'
import { treeOf } from '../tidy/source.ts'
import { publicTypes, textOf } from './declarations.ts'

const RENEW =
  'the public types are not those of public-types.txt. Where the change is meant, renew the file by ' +
  '`npx vitest run test/public-types --update`, give it a line in CHANGELOG.md, and read docs/promises.md'

it('the public types are those that were committed', async () => {
  await expect(publicTypes(), RENEW).toMatchFileSnapshot('public-types.txt')
})

it('the text has what entries export, under the name of the export, and what that needs', () => {
  const tree = treeOf(
    new Map([
      ['package.json', '{ "exports": { ".": "./index.ts", "./kit": "./kit.ts" } }'],
      ['index.ts', "export { type Shape as Form, draw } from '#core/shape.ts'\n"],
      ['kit.ts', 'export declare const kit: number;\n'],
      [
        'core/shape.ts',
        "import type { Colour } from './colour.ts'\nexport interface Shape { colour: Colour }\n" +
          'export declare function draw(shape: Shape): void;\nexport declare function draw(): void;\n',
      ],
      ['core/colour.ts', "type Name = 'red'\nexport type Colour = Name\nexport type Unused = 1\n"],
    ]),
  )
  expect(textOf(tree)).toBe(
    '# caudal\n\nexport declare function draw(shape: Shape): void;\nexport declare function draw(): void;\n' +
      'export interface Shape { colour: Colour }\nas Form\n\n# caudal/kit\n\nexport declare const kit: number;\n\n' +
      "# needed by these\n\nexport type Colour = Name\ntype Name = 'red'\n",
  )
})
