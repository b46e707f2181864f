package gantry.services.route53;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.route53.model.GeoLocationDetails;
import software.amazon.awssdk.services.route53.model.GetGeoLocationRequest;
import software.amazon.awssdk.services.route53.model.ListGeoLocationsRequest;
import software.amazon.awssdk.services.route53.model.ListGeoLocationsResponse;
import software.amazon.awssdk.services.route53.model.NoSuchGeoLocationException;

/** The places that a geolocation record can name: continents, countries, the states of the US. */
final class GeoLocations {

  private static final Map<String, String> CONTINENTS =
      new TreeMap<>(
          Map.of(
              "AF", "Africa",
              "AN", "Antarctica",
              "AS", "Asia",
              "EU", "Europe",
              "NA", "North America",
              "OC", "Oceania",
              "SA", "South America"));

  private static final String STATES =
      "AK=Alaska,AL=Alabama,AR=Arkansas,AZ=Arizona,CA=California,CO=Colorado,CT=Connecticut,"
          + "DC=District of Columbia,DE=Delaware,FL=Florida,GA=Georgia,HI=Hawaii,IA=Iowa,ID=Idaho,"
          + "IL=Illinois,IN=Indiana,KS=Kansas,KY=Kentucky,LA=Louisiana,MA=Massachusetts,"
          + "MD=Maryland,ME=Maine,MI=Michigan,MN=Minnesota,MO=Missouri,MS=Mississippi,MT=Montana,"
          + "NC=North Carolina,ND=North Dakota,NE=Nebraska,NH=New Hampshire,NJ=New Jersey,"
          + "NM=New Mexico,NV=Nevada,NY=New York,OH=Ohio,OK=Oklahoma,OR=Oregon,PA=Pennsylvania,"
          + "RI=Rhode Island,SC=South Carolina,SD=South Dakota,TN=Tennessee,TX=Texas,UT=Utah,"
          + "VA=Virginia,VT=Vermont,WA=Washington,WI=Wisconsin,WV=West Virginia,WY=Wyoming";

  private static final int MAX_PAGE = 100;

  private GeoLocations() {}

  /** Continents, then countries, each followed by its parts; the default place first of those. */
  private static List<GeoLocationDetails> all() {
    List<GeoLocationDetails> places = new ArrayList<>();
    CONTINENTS.forEach(
        (code, name) ->
            places.add(
                GeoLocationDetails.builder().continentCode(code).continentName(name).build()));
    places.add(GeoLocationDetails.builder().countryCode("*").countryName("Default").build());
    for (String country : Locale.getISOCountries()) {
      String name = Locale.of("", country).getDisplayCountry(Locale.ENGLISH);
      places.add(GeoLocationDetails.builder().countryCode(country).countryName(name).build());
      if (country.equals("US")) {
        for (String state : STATES.split(",", -1)) {
          places.add(
              GeoLocationDetails.builder()
                  .countryCode(country)
                  .countryName(name)
                  .subdivisionCode(state.substring(0, 2))
                  .subdivisionName(state.substring(3))
                  .build());
        }
      }
    }
    return places;
  }

  static GeoLocationDetails get(GetGeoLocationRequest request) {
    String country =
        request.continentCode() == null && request.countryCode() == null
            ? "*"
            : request.countryCode();
    return all().stream()
        .filter(place -> is(place, request.continentCode(), country, request.subdivisionCode()))
        .findFirst()
        .orElseThrow(
            () ->
                NoSuchGeoLocationException.builder()
                    .message("The specified geolocation does not exist.")
                    .build());
  }

  private static boolean is(
      GeoLocationDetails place,
      @Nullable String continent,
      @Nullable String country,
      @Nullable String subdivision) {
    return Objects.equals(place.continentCode(), continent)
        && Objects.equals(place.countryCode(), country)
        && Objects.equals(place.subdivisionCode(), subdivision);
  }

  static ListGeoLocationsResponse list(ListGeoLocationsRequest request) {
    int limit = Zones.limit(request.maxItems(), MAX_PAGE);
    List<GeoLocationDetails> all = all();
    int first = 0;
    if (request.startContinentCode() != null || request.startCountryCode() != null) {
      while (first < all.size()
          && !is(
              all.get(first),
              request.startContinentCode(),
              request.startCountryCode(),
              request.startSubdivisionCode())) {
        first++;
      }
      if (first == all.size()) {
        throw Errors.invalid("There is no such place to start at.");
      }
    }
    int end = Math.min(all.size(), first + limit);
    boolean more = end < all.size();
    GeoLocationDetails next = more ? all.get(end) : GeoLocationDetails.builder().build();
    return ListGeoLocationsResponse.builder()
        .geoLocationDetailsList(all.subList(first, end))
        .isTruncated(more)
        .nextContinentCode(next.continentCode())
        .nextCountryCode(next.countryCode())
        .nextSubdivisionCode(next.subdivisionCode())
        .maxItems(Integer.toString(limit))
        .build();
  }
}
