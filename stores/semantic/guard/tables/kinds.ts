/** The words whose agreement has a rule of its own. What is in no list is a word like any other, and must agree too. */
import { wordSet } from './list.ts'

/** The kinds that are known by their words; where a word is in several lists, the first of them counts. */
const WORD_KINDS = [
  'negation',
  'quantifier',
  'comparative',
  'modal',
  'tense',
  'person',
  'relation',
  'article',
] as const
type WordKind = (typeof WORD_KINDS)[number]
type KindTable = Readonly<Record<WordKind, ReadonlySet<string>>>

export function kindIndex(table: KindTable): ReadonlyMap<string, WordKind> {
  const index = new Map<string, WordKind>()
  for (const kind of WORD_KINDS) {
    for (const word of table[kind]) if (!index.has(word)) index.set(word, kind)
  }
  return index
}

export const ENGLISH_KINDS: KindTable = {
  negation: wordSet(
    `not no never none nobody nothing nowhere neither nor without cannot hardly barely scarcely rarely seldom except
     excluding unless lack lacks lacking avoid avoids prevent prevents stop stops fail fails`,
  ),
  quantifier: wordSet(
    `all every each any some few several many much most both either half double twice only just always often sometimes
     usually almost nearly about around approximately exactly enough lot lots little whole entire everyone everybody
     someone anybody anyone everything something anything another other others alone once also even`,
  ),
  comparative: wordSet(
    `more less fewer least than better worse best worst bigger biggest larger largest smaller smallest higher highest
     lower lowest longer longest shorter shortest faster fastest slower slowest older oldest younger youngest newer newest
     cheaper cheapest greater greatest taller tallest heavier lighter stronger weaker further farther closer nearer as
     like same different similar equal above below over under maximum minimum max min latest earliest early late earlier
     later first last next previous too very so`,
  ),
  modal: wordSet(
    'can could may might must should shall would ought need needs able allowed supposed required want wants',
  ),
  tense: wordSet(
    `will did had was were been being used going gonna now today tomorrow yesterday ago already yet still currently
     previously recently soon tonight since until till during while past present future upcoming current former`,
  ),
  person: wordSet(
    `i you he she it we they me him us them my your his her its our their mine yours hers ours theirs myself yourself
     himself herself itself ourselves themselves one this that these those here there`,
  ),
  relation: wordSet(
    `of to in into on onto at by for from with within between among against through across along after before behind
     beside beyond inside outside near off out up down toward towards via per plus minus times versus vs and or but if
     because although though`,
  ),
  article: wordSet('the'),
}

export const SPANISH_KINDS: KindTable = {
  negation: wordSet(
    `no ni nunca jamas nadie ningun ninguno ninguna nada tampoco sin excepto salvo menos_que apenas evitar evito evita
     impedir impide falta faltan deja dejar`,
  ),
  quantifier: wordSet(
    `todo toda todos todas cada cualquier cualquiera algun alguno alguna algunos algunas varios varias muchos muchas mucho
     mucha poco poca pocos pocas ambos ambas mitad medio media doble solo solamente unicamente siempre casi bastante
     suficiente demasiado demasiada unos unas otro otra otros otras alguien algo tambien incluso aun apenas exactamente
     aproximadamente generalmente`,
  ),
  comparative: wordSet(
    `mas menos mejor mejores peor peores mayor mayores menor menores tan tanto tanta igual mismo misma mismos mismas
     distinto distinta diferente diferentes similar parecido maximo maxima minimo minima ultimo ultima primer primero
     primera proximo proxima siguiente anterior superior inferior muy encima debajo arriba abajo temprano tarde`,
  ),
  modal: wordSet(
    `puedo puedes puede podemos pueden podria podrias podrian debo debes debe debemos deben deberia deberias deberian
     necesito necesita necesitas quiero quieres quiere tengo_que tiene_que hay_que`,
  ),
  tense: wordSet(
    `fue fueron era eran sera seran seria serian estaba estaban estuvo estara habia hubo habra ha han he has fui estuve
     hoy ayer manana ahora antes despues ya todavia aun actualmente antiguamente pronto mientras durante desde hasta hace
     pasado pasada futuro futura actual actuales reciente va van voy vas iba iban`,
  ),
  person: wordSet(
    `yo tu el_ ella nosotros ustedes vosotros ellos ellas me te se le les nos os lo mi mis tus su sus nuestro nuestra
     nuestros nuestras tuyo suyo mio este esta estos estas ese esa esos esas aquel aquella esto eso aqui ahi alla soy eres
     somos usted`,
  ),
  relation: wordSet(
    `de del a al en con por para sobre entre contra hacia ante bajo tras segun y e o u pero si porque aunque que como
     dentro fuera delante detras cerca lejos junto versus vs mediante via`,
  ),
  article: wordSet('el la los las un una'),
}
