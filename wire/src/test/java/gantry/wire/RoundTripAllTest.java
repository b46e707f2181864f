package gantry.wire;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.core.SdkClient;

/** {@link RoundTripTest} for every operation of the services that are too large for it. */
@Tag("client")
class RoundTripAllTest extends RoundTripTest {

  static Stream<Class<? extends SdkClient>> large() {
    return services().filter(type -> ServiceModel.of(type).operations().size() > SOME);
  }

  @Override
  List<Operation> tried(ServiceModel model) {
    return model.operations();
  }

  @Override
  @ParameterizedTest
  @MethodSource("large")
  void everyOperationThereAndBack(Class<? extends SdkClient> type)
      throws ReflectiveOperationException {
    super.everyOperationThereAndBack(type);
  }

  @Override
  @ParameterizedTest
  @MethodSource("large")
  void everyErrorArrivesAsItself(Class<? extends SdkClient> type)
      throws ReflectiveOperationException {
    super.everyErrorArrivesAsItself(type);
  }

  @Override
  @ParameterizedTest
  @MethodSource("large")
  void theModelHasEveryMethodOfTheClient(Class<? extends SdkClient> type) {
    super.theModelHasEveryMethodOfTheClient(type);
  }
}
