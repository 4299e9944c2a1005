/** Numbers written as words. `once` and `second` are read by their language and by what stands before them. */

export const UNITS_EN = names(
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen',
  0,
)
export const TENS_EN = names('twenty thirty forty fifty sixty seventy eighty ninety', 20, 10)
export const SCALES_EN = new Map([
  ['hundred', 100],
  ['thousand', 1_000],
  ['million', 1_000_000],
  ['billion', 1_000_000_000],
])
export const ORDINALS_EN = names(
  'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth',
  1,
)

export const UNITS_ES = names(
  `cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete dieciocho
   diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve`,
  0,
)
export const TENS_ES = names('treinta cuarenta cincuenta sesenta setenta ochenta noventa', 30, 10)
export const HUNDREDS_ES = new Map([
  ['cien', 100],
  ['ciento', 100],
  ...names(
    'doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos',
    200,
    100,
  ),
])
export const SCALES_ES = new Map([
  ['mil', 1_000],
  ['millon', 1_000_000],
  ['millones', 1_000_000],
])
export const ORDINALS_ES = new Map([
  ['primer', 1],
  ...names('primero segundo tercero cuarto quinto sexto septimo octavo noveno decimo', 1),
  ...names('primera segunda tercera cuarta quinta sexta septima octava novena decima', 1),
  ['tercer', 3],
])

function names(text: string, from: number, step = 1): ReadonlyMap<string, number> {
  return new Map(
    text
      .trim()
      .split(/\s+/)
      .map((name, index) => [name, from + index * step]),
  )
}
