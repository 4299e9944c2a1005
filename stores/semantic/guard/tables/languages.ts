/**
 * Words by which a language is known: its commonest function words. A word of several languages counts for each of them.
 * The neighbours of English and Spanish have the longest lists, since a text of theirs could pass for one.
 */
import { wordSet } from './list.ts'

export const MARKERS: Readonly<Record<string, ReadonlySet<string>>> = {
  en: wordSet(
    `a an the is are was were am be been do does did doesn't don't has have had will would can could should must may
     might shall not how what when where why who whom whose which that this these those there of in on at to for from
     with without by about into over under after before between and or but if than then as because i you he she it we
     they me my your his her its our their mine yours please explain tell show give describe someone anyone anything
     something much many more less most least some any all every each only never always know need want get`,
    `dog dogs cat cats bite eat drink drinking work works working people person money house water year years week weeks
     month price cost costs buy sell make makes made find found learn world happen happens happened book books city
     country countries name phone computer file password account order sort number hot cold good bad best worst better
     big small old new first last long short fast slow high low right wrong healthy safe open close start stop send
     write read change delete remove install between difference capital mean means take give use using legal weather today
     yesterday tomorrow morning night first second third one two three four five six seven eight nine ten`,
  ),
  es: wordSet(
    `el la los las un una unos unas lo es son está están fue fueron era eran ser estar soy eres somos hay había he ha han
     hace hacer hago puedo puede pueden puedes podría podrías debo debe deben quiero quieres necesito tengo tiene tienen
     cómo como qué que cuándo cuando dónde donde quién quien quiénes quienes cuál cual cuáles cuales cuánto cuanto cuánta
     cuanta cuántos cuantos cuántas cuantas por para de del al a en con sin sobre entre hasta desde según y o u pero si
     no sí más mas menos muy mucho mucha muchos muchas poco todo toda todos todas nada nadie nunca siempre mi mis tu tus
     su sus nuestro nuestra yo tú él ella nosotros ustedes ellos me te se le les nos este esta estos estas ese esa eso
     dime explica explícame explicame explicarme decirme decir saber gustaría gustaria hola gracias favor porque`,
    `pregunto quisiera ayúdame puedo perro perros gato hombre mujer niño niña hijo hija año años mañana hoy ayer trabajo
     dinero coche calle ciudad noche tiempo semana precio cuenta contraseña correo archivo tarjeta bueno buena nuevo nueva
     viejo pequeño llegar llueve lloverá llovió hablar escribir leer cambiar dos tres cuatro cinco ocho nueve diez mejor
     peor mayor siguiente después ahora aquí allí cambio aprendo funciona abre lunes martes miércoles jueves viernes
     domingo algunos algunas ambos listo paga pesa mitad agua`,
  ),
  pt: wordSet(
    `o os a as um uma uns umas é são está estão foi foram era eram ser estar sou somos há tem têm ter tenho posso pode
     podem poderia deve quero preciso como que quê quando onde aonde quem qual quais quanto quanta quantos quantas por para
     pra pro de do da dos das no na nos nas ao aos à às em num numa com sem sobre entre até desde e ou mas se não nao
     sim mais menos muito muita muitos muitas pouco tudo todo toda todos nada ninguém nunca sempre meu minha meus minhas
     teu tua seu sua seus suas nosso nossa eu tu ele ela nós você vocês voce eles elas me te lhe este esta isto isso
     esse essa aquele fica faço fazer faz diga diz dizer explicar explique obrigado obrigada olá ola gostaria saber pelo
     pela porque são sao funciona também já ainda depois antes`,
  ),
  gl: wordSet(
    `o os a as un unha uns unhas é son está foi ser estar hai ten teño podo pode como que cando onde quen cal cales canto
     canta cantos cantas por para de do da dos das no na nos nas ao aos en con sen sobre entre ata desde e ou pero se non
     si máis menos moi moito moita moitos todo toda nada nunca sempre meu miña teu túa seu súa eu ti el ela nós vostede me
     te lle este esta iso fago facer di dicir explicar explicame grazas ola`,
  ),
  ca: wordSet(
    `el la els les un una uns unes és són està fou era ser estar hi ha té tinc puc pot poden com què que quan on qui quin
     quina quins quines quant quanta per de del dels al als a en amb sense sobre entre fins des i o però si no més menys
     molt molta tot tota res ningú mai sempre meu meva teu teva seu seva jo tu ell ella nosaltres vostè em et es li ens
     aquest aquesta això faig fer digues dir explica explicar gràcies hola podries pots saber`,
  ),
  it: wordSet(
    `il lo la i gli le un uno una è sono sei era erano essere stare ho ha hanno c'è posso può puo puoi potresti deve devo
     voglio vorrei come che cosa cos'è quando dove dov'è chi qual quale quali quanto quanta quanti quante per di del dello
     della dei degli delle al allo alla ai alle a da dal dalla in nel nella con senza su sul sulla tra fra e o ma se non
     più piu meno molto molta tutto tutti niente nessuno mai sempre mio mia tuo tua suo sua io tu lui lei noi mi ti si ci
     questo questa quello quella faccio fare dimmi dire spiega spiegare spiegami grazie ciao sapere perché perche funziona`,
  ),
  fr: wordSet(
    `le la les l un une des du de d est sont es suis était etre être avoir ai as a ont il y peux peut pouvez pourrais dois
     doit veux comment que qu quoi quel quelle quels quelles quand où ou qui combien pourquoi par pour avec sans sur sous
     entre dans en au aux à et mais si ne pas n non plus moins très tout tous rien jamais toujours mon ma mes ton ta tes
     son sa ses notre votre je j tu elle nous vous ils me te se lui leur ce cet cette ces c faire fait dire explique
     expliquer savoir merci bonjour plaît fonctionne est-ce`,
  ),
  de: wordSet(
    `der die das den dem des ein eine einen einem einer ist sind war waren bin sein haben hat habe hast hatte wird werden
     wurde kann kannst können könnte muss soll will wie was wann wo warum wieso wer wen wem welche welcher welches wieviel
     viel viele von zu zum zur für mit ohne auf in im an am aus bei nach über unter zwischen und oder aber wenn nicht kein
     keine mehr weniger sehr alle nichts nie immer mein meine dein deine ihr ihre ich du er sie es wir mich mir dich dir
     sich man dieser diese dieses bitte erkläre erklären sagen danke hallo geht funktioniert gibt macht mache`,
  ),
  nl: wordSet(
    `de het een is zijn was waren ben heeft heb hebben kan kun kunt kunnen moet moeten wil hoe wat wanneer waar waarom wie
     welke welk hoeveel van naar voor met zonder op in aan uit bij over onder tussen en of maar als niet geen meer minder
     veel alle niets nooit altijd mijn jouw je jij uw u ik hij zij ze we wij er dit dat deze die doe doen werkt leg uit
     vertel bedankt hallo graag`,
  ),
  scandinavian: wordSet(
    `en ett et den det de är er var og och att at som på i til till av fra från för for med utan uten under hvad hva vad
     hvor hvordan hur när når hvem vem hvilken vilken hvorfor varför kan ikke inte mer min din sin jeg jag du han hun hon
     vi jer forklar förklara takk tack tak`,
  ),
  romanian: wordSet(
    `este sunt un o cum ce când cand unde cine care cât cat de la în in cu fără pe pentru și si sau nu mai mult foarte eu
     tu el ea noi imi îmi pot poate vreau spune explică salut mulțumesc din lui ale`,
  ),
  slavic: wordSet(
    `jak co kiedy gdzie kto dlaczego ile czy jest są nie na do z w i o jako kdy kde kdo proč je jsou kako što kada gdje
     tko zašto su ne za od se mogę proszę wyjaśnij dla`,
  ),
  latin: wordSet(
    'quid quis quae quod ubi quando cur est sunt et in ad cum sine de non ego tu nos meus tuus ille hic ut',
  ),
  indonesian: wordSet(
    `bagaimana cara apa siapa kapan dimana mengapa kenapa berapa yang di ke dari dan atau tidak ini itu saya anda adalah
     untuk dengan bisa ano ang ng mga sa paano sino saan kailan bakit ilan`,
  ),
  turkish: wordSet(
    'nasıl nasil ne nedir zaman nerede kim neden niçin kaç bir ve veya ile için değil bu mi mı',
  ),
}
