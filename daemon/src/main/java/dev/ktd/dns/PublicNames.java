package dev.ktd.dns;

import java.util.Set;

/**
 * Tells whether a namespace's name is also the end of public or special-use names, so that {@code
 * svc.ns} would take names away from the host.
 *
 * <p>The rule, small and without a download: every two-letter label (all country codes, assigned or
 * not, ISO 3166), the names that hosts and local networks resolve themselves (RFC 6761, RFC 6762,
 * RFC 8375, RFC 9476, and what home and company networks are known to use), and the generic
 * top-level domains that are in common use or likely names of a namespace. A rare one that is
 * missing here costs the public names below it while a namespace of that name exists; a namespace
 * listed here costs nothing but a longer name, and the search list mostly hides even that.
 */
final class PublicNames {
  private static final Set<String> SPECIAL =
      words(
          """
          alt arpa corp home internal intranet invalid lan local localdomain localhost onion
          private
          """);

  private static final Set<String> GENERIC =
      words(
          """
          academy accountant actor adult aero agency amazon analytics android apartments app
          apple archi army art asia associates audio auto aws azure baby band bank bar beer best
          bet bid bike bing bingo bio biz black blog blue bond boo book bot box broker build
          builders business buy cab cafe call cam camera camp capital car cards care career
          careers cars case cash casino cat catering center ceo channel chat cheap chrome church
          cisco city claims cleaning click clinic cloud club codes coffee college com community
          company compare computer condos construction consulting contact contractors cooking
          cool coop country coupon coupons courses credit cruise cymru dad dance data date
          dating day deal deals degree delivery dell democrat dental desi design dev diet
          digital direct directory discount discover docs doctor dog domains dot download drive
          earth eat eco edu education email energy engineer engineering enterprises equipment
          estate events exchange expert exposed express fail faith family fan fans farm fashion
          fast feedback fidelity film finance financial fire fish fit fitness flights
          florist fly foo food football forex forsale forum foundation free fun fund furniture
          futbol fyi gallery game games garden gay gdn gent gift gifts gives giving glass global
          gmail gmbh gold golf goog google gop gov graphics gratis green gripe grocery group
          guide guitars guru hair haus health healthcare help here hockey holdings holiday homes
          horse hospital host hosting hot hotel hotels house how ibm immo inc industries info
          ing ink institute insurance insure int intel international investments irish java
          jetzt jobs kids kim kitchen kiwi land lat law lawyer lease legal lgbt life lighting
          limited limo link live living llc loan loans locker lol love ltd luxe management map
          market marketing markets mba med media meet meme memorial men menu microsoft mil mint
          mobi mobile moda moe mom monash money monster mortgage mov movie museum music name
          navy net netflix network new news next nexus ngo ninja now office ong onl online ooo
          open oracle orange org organic page paris parts party pay pet phd phone photo photos
          pics pictures pid pin ping pink pizza place play plus poker porn post press prime pro
          prod productions prof promo properties property protection pub qpon quest racing radio
          read recipes red rehab reise reisen rent rentals repair report rest restaurant review
          reviews rich rip rocks rodeo room rsvp rugby run safe sale salon sap save school
          science search secure security select services sex sexy shell shiksha shoes shop
          shopping show singles site ski skin sky smart soccer social software solar solutions
          song soy spa space sport spot storage store stream studio study style sucks supplies
          supply support surf systems talk target tattoo tax taxi team tech technology tel
          tennis theater tickets tips tires today tools top tours town toys trade trading
          training travel trust tube university uno vacations ventures vet video vin vip vision
          vodka vote voyage wang watch weather web webcam website wedding wiki win wine work
          works world wow wtf xbox xxx xyz yachts yahoo yoga you youtube zero zip zone
          """);

  private PublicNames() {}

  /** Whether names that end in {@code label} (lower case) belong to the host. */
  static boolean endWith(String label) {
    return label.length() == 2 || SPECIAL.contains(label) || GENERIC.contains(label);
  }

  private static Set<String> words(String text) {
    return Set.of(text.strip().split("\\s+"));
  }
}
