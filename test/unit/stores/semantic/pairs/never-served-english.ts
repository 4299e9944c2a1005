/** Pairs of English questions whose answers differ, `a | b`, by what sets them apart. */

export const NEVER_SERVED_ENGLISH: Readonly<Record<string, string>> = {
  opposite: `
    How do I turn on dark mode? | How do I turn off dark mode?
    How can I enable notifications? | How can I disable notifications?
    How do I lock my account? | How do I unlock my account?
    How do I mount a disk? | How do I unmount a disk?
    How do I import contacts? | How do I export contacts?
    How do I upload a photo? | How do I download a photo?
    What are the advantages of solar power? | What are the disadvantages of solar power?
    Is it legal to fish here? | Is it illegal to fish here?
    How do I increase my blood pressure? | How do I decrease my blood pressure?
    Where can I buy gold? | Where can I sell gold?
    How do I encrypt a file? | How do I decrypt a file?
    What are the pros of remote work? | What are the cons of remote work?
    Why is the metal hot? | Why is the metal cold?
    How do I subscribe to the list? | How do I unsubscribe from the list?
    How do I sort a list in ascending order? | How do I sort a list in descending order?
    Can I include the invoice? | Can I exclude the invoice?
    Why was the request accepted? | Why was the request rejected?
    How do I follow a topic? | How do I unfollow a topic?
    How do I mute a channel? | How do I unmute a channel?
    What makes people happy? | What makes people unhappy?
    Is the result visible? | Is the result invisible?
    How do I zip a folder? | How do I unzip a folder?
    How do I push to the stack? | How do I pop from the stack?
    Explain how plants absorb water | Explain how plants lose water
    How do I add a user? | How do I remove a user?
    How to gain weight? | How to lose weight?
  `,
  negation: `
    Why is the service running? | Why is the service not running?
    Can I drive with a licence? | Can I drive without a licence?
    Which foods contain gluten? | Which foods do not contain gluten?
    Why does my phone charge? | Why doesn't my phone charge?
    Should I take aspirin? | Should I not take aspirin?
    Who can vote? | Who can't vote?
    Is it safe to drink the water? | Isn't it safe to drink the water?
    What should I eat before surgery? | What should I never eat before surgery?
    Which countries have a king? | Which countries have no king?
    How do I fail the exam? | How do I pass the exam?
    Is nobody responsible for the damage? | Is somebody responsible for the damage?
    What can dogs eat? | What can't dogs eat?
    Is it unhappy? | Is it not unhappy?
    Which planets have moons? | Which planets have neither moons nor rings?
    How do I deploy with downtime? | How do I deploy without downtime?
    Will the bank accept my request? | Won't the bank accept my request?
    Why do cats like water? | Why do cats not like water?
    Do I have to pay taxes? | Do I not have to pay taxes?
  `,
  number: `
    What is 10 degrees Celsius in Fahrenheit? | What is 100 degrees Celsius in Fahrenheit?
    How do I install Python 3.11? | How do I install Python 3.12?
    How do I install Python 3.1? | How do I install Python 3.10?
    What is 2 + 2? | What is 2 + 3?
    What is 2 + 2? | What is 2 - 2?
    Who was Henry VIII? | Who was Henry VII?
    What happened in World War I? | What happened in World War II?
    What happened in the first world war? | What happened in the second world war?
    How long is a flight of two hours? | How long is a flight of three hours?
    What is the 5th planet? | What is the 6th planet?
    What is the square root of 16? | What is the square root of 61?
    How many are twenty-five dozens? | How many are twenty-six dozens?
    Can I retire at 62? | Can I retire at 67?
    What is 5! ? | What is 5?
    What is -5 plus 3? | What is 5 plus 3?
    What is the population of a city of 1,500 people? | What is the population of a city of 15,000 people?
    How much is 1.5 percent of 1000? | How much is 15 percent of 1000?
    What is ten percent of fifty? | What is fifty percent of ten?
    Is 17 a prime number? | Is 18 a prime number?
    How do I use Windows 10? | How do I use Windows 11?
    What is 3/4 of a cup? | What is 1/4 of a cup?
    What is the third amendment? | What is the fourth amendment?
    What happened on September 11? | What happened on September 12?
    How do I write C++17? | How do I write C++20?
  `,
  unit: `
    How long does it take to run 5 km? | How long does it take to run 5 miles?
    How heavy is 10 kg? | How heavy is 10 pounds?
    How much is 100 dollars in pesos? | How much is 100 euros in pesos?
    How much is $50? | How much is €50?
    Is 30 °C hot? | Is 30 °F hot?
    How big is 10 MB? | How big is 10 GB?
    How fast is 10 Mb? | How fast is 10 MB?
    Can I cook rice in 10 minutes? | Can I cook rice in 10 hours?
    What happens at 5 am? | What happens at 5 pm?
    What is 20 percent of 80? | What is 20 of 80?
    How much water is 5 liters? | How much water is 5 gallons?
    How long is 3 feet? | How long is 3 yards?
    How long is 2 weeks? | How long is 2 months?
    How long does a 60 watt bulb last? | How long does a 60 volt bulb last?
  `,
  name: `
    What is the capital of Australia? | What is the capital of Austria?
    Who wrote Don Quixote? | Who wrote Hamlet?
    How do I get from Madrid to Paris? | How do I get from Paris to Madrid?
    When was Steve Jobs born? | When was Steve Wozniak born?
    How do I polish shoes? | How do I polish Polish shoes?
    Where do I buy polish shoes? | Where do I buy Polish shoes?
    How many jobs are in Berlin? | How many Jobs are in Berlin?
    What is the IT department? | What is the it department?
    Can I send it to US customers? | Can I send it to us customers?
    How do I cook a turkey? | How do I cook in Turkey?
    What is the GDP of Niger? | What is the GDP of Nigeria?
    What is the language of Slovenia? | What is the language of Slovakia?
    How do I install Java? | How do I install JavaScript?
    How do I learn C? | How do I learn C++?
    How do I learn C#? | How do I learn C++?
    How do I contact Delta support? | How do I contact Alpha support?
    What is TCP? | What is UDP?
    Where is Georgia the country? | Where is Jordan the country?
    Who is the director of the WHO? | Who is the director of the who?
    What does apple sell? | What does Orange sell?
  `,
  time: `
    What do I do before the exam? | What do I do after the exam?
    Did it rain? | Will it rain?
    Who is the president? | Who was the president?
    What happened in Berlin yesterday? | What happened in Berlin today?
    When does the bank open? | When did the bank open?
    When does the bank open? | When will the bank open?
    What are the holidays in March? | What are the holidays in May?
    Is the museum open on Monday? | Is the museum open on Sunday?
    Where do I live now? | Where did I live then?
    What is the past of the city? | What is the future of the city?
    What should I do until Friday? | What should I do since Friday?
    Has the train left? | Had the train left?
    What is the current price? | What is the previous price?
    What happened on 5/6/2024? | What happened on 6/5/2024?
    What happened on March 5, 2024? | What happened on March 6, 2024?
    What happened on March 5, 2023? | What happened on March 5, 2024?
    What is time? | What is the time?
    Who used to be the champion? | Who is the champion?
    Is it raining? | Does it rain?
  `,
  quantifier: `
    Are all birds able to fly? | Are some birds able to fly?
    Which fruits have few calories? | Which fruits have a few calories?
    How many people came? | How much did people come?
    Do both parents have to sign? | Does either parent have to sign?
    Can every user log in? | Can any user log in?
    Is it always safe? | Is it sometimes safe?
    Do most dogs bark? | Do all dogs bark?
    What is half of the sum? | What is double the sum?
    Does only the owner pay? | Does the owner pay?
    How many eggs do I need? | How many more eggs do I need?
    Do not all dogs bark? | Do all dogs not bark?
    Is it nearly full? | Is it full?
    How do I delete all rows? | How do I delete each tenth row?
    Is there another way to win? | Is there a way to win?
  `,
  comparative: `
    Is gold heavier than lead? | Is gold lighter than lead?
    Is lead heavier than gold? | Is gold heavier than lead?
    What is the best phone? | What is the worst phone?
    What is the biggest country? | What is the smallest country?
    Which plan costs less than 10 dollars? | Which plan costs more than 10 dollars?
    What is the minimum wage? | What is the maximum wage?
    Who arrived first? | Who arrived last?
    What is the longest river? | What is the shortest river?
    What is above the desk? | What is below the desk?
    Is it better to rent? | Is it best to rent?
    Is a cat as big as a dog? | Is a cat bigger than a dog?
    What is a good laptop? | What is a better laptop?
    Who is the tallest player? | Who is the second tallest player?
    What is the fastest way to learn? | What is the easiest way to learn?
  `,
  roles: `
    Why does a dog bite a man? | Why does a man bite a dog?
    Who killed Kennedy? | Who did Kennedy kill?
    How do I convert euros to dollars? | How do I convert dollars to euros?
    Can my mother adopt my sister? | Can my sister adopt my mother?
    Why did Germany attack Poland? | Why did Poland attack Germany?
    Who is killed? | Who killed?
    Which team beat Spain? | Which team did Spain beat?
    How does the teacher help the student? | How does the student help the teacher?
    What eats a snake? | What does a snake eat?
    How do I translate English to French? | How do I translate French to English?
    Does the seller pay the buyer? | Does the buyer pay the seller?
    Is 5 divided by 10 more than 1? | Is 10 divided by 5 more than 1?
    Is the chicken eating? | Is the chicken eaten?
    Who loves Mary? | Who does Mary love?
  `,
  person: `
    How do I reset my password? | How do I reset your password?
    How do I reset my password? | How do I reset his password?
    What is my name? | What is your name?
    Can I swim? | Can you swim?
    Do they have a visa? | Do we have a visa?
    Why did she leave him? | Why did he leave her?
    How do you work? | How do I work?
  `,
  modal: `
    Can I take ibuprofen daily? | Should I take ibuprofen daily?
    Must I sign the contract? | May I sign the contract?
    What can I eat? | What should I eat?
    Would you sell the house? | Could you sell the house?
    How can dogs see? | How do dogs see?
    Should I invest in bonds? | Must I invest in bonds?
  `,
  question: `
    Why did the Titanic sink? | When did the Titanic sink?
    How do I cancel my order? | Can I cancel my order?
    Who invented the telephone? | When was the telephone invented?
    Where is the next meeting? | When is the next meeting?
    Which is the train to Rome? | Where is the train to Rome?
    How old is the president? | How tall is the president?
    What is a joke? | Tell me a joke
    How long is the movie? | How good is the movie?
    What is a dog? | Who is a dog?
    Whose car is it? | Which car is it?
  `,
  word: `
    How do I file a form? | How do I fill a form?
    What is a good custom? | What is customs?
    What is new? | What is the news?
    How do I clean my glass? | How do I clean my glasses?
    How do I write a resume? | How do I resume a download?
    What is affect? | What is effect?
    Explain nuclear fission | Explain nuclear fusion
    What is hypertension? | What is hypotension?
    What is supervised learning? | What is unsupervised learning?
    Explain recursion briefly | Explain recursion in detail
    How do I sort a list? | How do I sort a tuple?
    What is the mean of the set? | What is the median of the set?
    What does a lawyer do? | What does a liar do?
    What is the weather in London? | What is the time in London?
    Summarize the book | Translate the book
    Can you write a poem? | How do I write a poem?
    Can you explain mitosis? | Can you explain meiosis?
    Is astronomy a science? | Is astrology a science?
  `,
}
